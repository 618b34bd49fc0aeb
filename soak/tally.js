"use strict";

/** Counters of the operations of all threads, including terminated ones. */
class Tally {
  #names;
  #counts;

  constructor(names, buffer = new SharedArrayBuffer(4 * names.length)) {
    this.#names = names;
    this.#counts = new Uint32Array(buffer);
  }

  get buffer() {
    return this.#counts.buffer;
  }

  add(name, count = 1) {
    Atomics.add(this.#counts, this.#names.indexOf(name), count);
  }

  get entries() {
    return this.#names.map((name, at) => [name, Atomics.load(this.#counts, at)]);
  }
}

module.exports = { Tally };
