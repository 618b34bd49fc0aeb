;; Sums 32-bit integers in an imported memory.
(module
  (memory (import "js" "mem") 1)
  ;; accumulate(address of the first, count) returns their sum
  (func (export "accumulate") (param $address i32) (param $count i32) (result i32)
    (local $end i32)
    (local $sum i32)
    (local.set $end
      (i32.add (local.get $address) (i32.mul (local.get $count) (i32.const 4))))
    (block $done
      (loop $next
        (br_if $done (i32.eq (local.get $address) (local.get $end)))
        (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $address))))
        (local.set $address (i32.add (local.get $address) (i32.const 4)))
        (br $next)))
    (local.get $sum)))
