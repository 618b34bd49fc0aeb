"use strict";

/** Random numbers that all follow from a seed (mulberry32), so that failures are reproducible. */
class Random {
  #state;

  constructor(seed) {
    this.#state = seed | 0;
  }

  /** Returns a whole number from 0 to 2^32 - 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** Returns a whole number from `low` to `high`. */
  between(low, high) {
    return low + (this.next() % (high - low + 1));
  }

  isOneIn(count) {
    return this.next() % count === 0;
  }

  pick(list) {
    return list[this.next() % list.length];
  }

  /** Picks an element of a list, with a probability in proportion to its `weight`. */
  pickWeighted(list) {
    let left = (this.next() / 2 ** 32) * list.reduce((sum, { weight }) => sum + weight, 0);
    return list.find(({ weight }) => (left -= weight) < 0);
  }
}

module.exports = { Random };
