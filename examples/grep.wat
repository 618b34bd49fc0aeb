;; Counts lines in an imported memory, 16 bytes at a time.
(module
  (memory (import "js" "mem") 1)
  ;; count(address of the first byte, number of bytes, a multiple of 16) returns the number of line feeds
  (func (export "count") (param $address i32) (param $bytes i32) (result i32)
    (local $end i32)
    (local $lines i32)
    (local.set $end (i32.add (local.get $address) (local.get $bytes)))
    (block $done
      (loop $next
        (br_if $done (i32.eq (local.get $address) (local.get $end)))
        (local.set $lines
          (i32.add
            (local.get $lines)
            (i32.popcnt
              (i8x16.bitmask
                (i8x16.eq
                  (v128.load (local.get $address))
                  (i8x16.splat (i32.const 10)))))))
        (local.set $address (i32.add (local.get $address) (i32.const 16)))
        (br $next)))
    (local.get $lines)))
