"use strict";

const { Memory } = require("..");
const { PAGE, WORDS, fill, findMismatch } = require("./content");
const { expect } = require("./expect");
const { Ledger } = require("./ledger");

/** A memory in one thread, with its expected state. */
class Subject {
  /**
   * `program` has the exports of a module that uses the memory. `cannotMove`: no WebAssembly.Memory can host
   * it.
   */
  constructor({ id, kind, memory, ledger, program, cannotMove = false }) {
    const { address, shared, maximum = Infinity } = memory.type();
    Object.assign(this, { id, kind, memory, program, cannotMove, address, shared });
    this.ledger = ledger ?? Ledger.of(this.pages);
    this.maximum = Number(maximum);
    /**
     * Counts of changes, in an object of their own: callbacks of native code must not keep the memory alive.
     */
    this.changes = { buffers: 0, moves: 0 };
  }

  /** Makes a subject of the message that `toMessage()` returned in another thread. */
  static open({ id, kind, token, ledger, cannotMove }) {
    const memory = Memory.from(token);
    return new Subject({ id, kind, memory, ledger: new Ledger(ledger), cannotMove });
  }

  toMessage() {
    const { id, kind, memory, ledger, cannotMove } = this;
    return { id, kind, token: memory.share(), ledger: ledger.buffer, cannotMove };
  }

  get pages() {
    return this.memory.buffer.byteLength / PAGE;
  }

  /** Converts a number of pages to the type that the memory's members take. */
  count(pages) {
    return this.address === "i64" ? BigInt(pages) : pages;
  }

  wordsOf(page) {
    return new Int32Array(this.memory.buffer, page * PAGE, WORDS);
  }

  write(page, seed) {
    fill(this.wordsOf(page), seed);
    this.ledger.setSeed(page, seed);
  }

  /** Checks the bytes of a page, which must be locked. */
  check(page) {
    const wrong = findMismatch(this.wordsOf(page), this.ledger.seedOf(page));
    expect(wrong === -1, `page ${page} of ${this.pages} is wrong from word ${wrong} on`);
  }

  checkSize() {
    const least = this.ledger.leastSize;
    const size = this.pages;
    const most = this.ledger.mostSize;
    expect(least <= size && size <= most, `${size} pages, not from ${least} to ${most}`);
    const { minimum } = this.memory.type();
    expect(Number(minimum) >= size, `type(): ${minimum} pages, after ${size}`);
  }

  toString() {
    return `${this.kind}, ${this.id}`;
  }
}

module.exports = { Subject };
