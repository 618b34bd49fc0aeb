"use strict";

/** The number of pages that no memory of the soak exceeds. */
const MAX_PAGES = 48;

const INITIAL = 0;
const INTENDED = 1;
const CONFIRMED = 2;
const PAGES = 3;

/**
 * The expected state of a memory: its size, and the seed of each page. It is kept in an engine
 * SharedArrayBuffer, which is posted together with a shared memory. A thread reads a page of the memory only
 * while holding the page's lock.
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

  /** Locks a page if it is not locked. `owner` is the number of a thread, never 0. */
  tryLock(page, owner) {
    return Atomics.compareExchange(this.#words, PAGES + 2 * page, 0, owner) === 0;
  }

  unlock(page) {
    Atomics.store(this.#words, PAGES + 2 * page, 0);
  }

  /** Returns the pages that a thread has locked. */
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

  /** Announces that a thread is about to add `delta` pages. Returns false if there would be too many. */
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

  /** The size that the memory has at least, from now on. */
  get leastSize() {
    return this.#words[INITIAL] + Atomics.load(this.#words, CONFIRMED);
  }

  /** The size that the memory has had at most, until now. */
  get mostSize() {
    return this.#words[INITIAL] + Atomics.load(this.#words, INTENDED);
  }
}

module.exports = { Ledger, MAX_PAGES };
