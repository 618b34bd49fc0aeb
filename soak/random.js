"use strict";

/** Numbers that all follow from a seed (mulberry32), so that a failure can be run again. */
class Random {
  #state;

  constructor(seed) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 up to, but not including, 2^32. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** A whole number from `low` to `high`. */
  between(low, high) {
    return low + (this.next() % (high - low + 1));
  }

  isOneIn(count) {
    return this.next() % count === 0;
  }

  pick(list) {
    return list[this.next() % list.length];
  }

  /** One of what has a `weight`, the heavier the more often. */
  pickWeighted(list) {
    let left = (this.next() / 2 ** 32) * list.reduce((sum, { weight }) => sum + weight, 0);
    return list.find(({ weight }) => (left -= weight) < 0);
  }
}

module.exports = { Random };
