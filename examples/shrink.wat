;; Computes in how many ways coins of 1, 2 and 5 make up an amount, with a table of the ways for all smaller
;; amounts, 64 bits each, after the first page. The first page keeps the answer.
(module
  (memory (export "memory") 1)
  (global $table i32 (i32.const 65536))
  ;; ways(amount)
  (func (export "ways") (param $amount i32) (result i64)
    (local $end i32)
    (local $missing i32)
    (local.set $end
      (i32.add (global.get $table) (i32.shl (i32.add (local.get $amount) (i32.const 1)) (i32.const 3))))
    (local.set $missing
      (i32.sub
        (i32.shr_u (i32.add (local.get $end) (i32.const 65535)) (i32.const 16))
        (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then
        (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1)) (then (unreachable)))))
    (call $only_ones (local.get $end))
    (call $with_coin (i32.const 2) (local.get $end))
    (call $with_coin (i32.const 5) (local.get $end))
    (i64.store (i32.const 0) (i64.load (i32.sub (local.get $end) (i32.const 8))))
    (i64.load (i32.const 0)))
  ;; With coins of 1 alone, there is one way for each amount.
  (func $only_ones (param $end i32)
    (local $at i32)
    (local.set $at (global.get $table))
    (loop $next
      (i64.store (local.get $at) (i64.const 1))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end)))))
  ;; With one more kind of coin: the ways without it, plus the ways for the amount without one such coin.
  (func $with_coin (param $coin i32) (param $end i32)
    (local $from i32)
    (local $at i32)
    (local.set $from (global.get $table))
    (local.set $at (i32.add (local.get $from) (i32.shl (local.get $coin) (i32.const 3))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (i64.store
          (local.get $at)
          (i64.add (i64.load (local.get $at)) (i64.load (local.get $from))))
        (local.set $from (i32.add (local.get $from) (i32.const 8)))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $next)))))
