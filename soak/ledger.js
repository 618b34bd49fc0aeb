"use strict";

/** The most pages that any memory here has. */
const MAX_PAGES = 48;

const INITIAL = 0;
const INTENDED = 1;
const CONFIRMED = 2;
const PAGES = 3;

/**
 * What a memory must be, beside the memory: its size, and the seed of each page. In a
 * SharedArrayBuffer of the engine's, which goes with a shared memory to other threads. A page may only
 * be looked at by who has its lock.
 */
class Ledger {
  #words;

  constructor(buffer = new SharedArrayBuffer(4 * (PAGES + 2 * MAX_PAGES))) {
    this.#words = new Int32Array(buffer);
  }

  static of(initial) {
    const ledger = new Ledger();
    ledger.#words[INITIAL] = initial;
    return ledger;
  }

  get buffer() {
    return this.#words.buffer;
  }

  /** The owner is a thread's number, not 0. */
  tryLock(page, owner) {
    return Atomics.compareExchange(this.#words, PAGES + 2 * page, 0, owner) === 0;
  }

  unlock(page) {
    Atomics.store(this.#words, PAGES + 2 * page, 0);
  }

  /** The pages that a thread has locked. */
  lockedBy(owner) {
    const pages = [];
    for (let page = 0; page < MAX_PAGES; page++) {
      if (Atomics.load(this.#words, PAGES + 2 * page) === owner) pages.push(page);
    }
    return pages;
  }

  seedOf(page) {
    return this.#words[PAGES + 2 * page + 1];
  }

  setSeed(page, seed) {
    this.#words[PAGES + 2 * page + 1] = seed;
  }

  /** Says that someone is about to add so many pages; false where there would be too many. */
  intend(delta) {
    const before = this.#words[INITIAL] + Atomics.add(this.#words, INTENDED, delta);
    if (before + delta <= MAX_PAGES) return true;
    this.abandon(delta);
    return false;
  }

  abandon(delta) {
    Atomics.sub(this.#words, INTENDED, delta);
  }

  confirm(delta) {
    Atomics.add(this.#words, CONFIRMED, delta);
  }

  /** No memory can be smaller from now on. */
  get leastSize() {
    return this.#words[INITIAL] + Atomics.load(this.#words, CONFIRMED);
  }

  /** No memory can have been larger until now. */
  get mostSize() {
    return this.#words[INITIAL] + Atomics.load(this.#words, INTENDED);
  }
}

module.exports = { Ledger, MAX_PAGES };
