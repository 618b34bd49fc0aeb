"use strict";

const { Memory } = require("..");
const { PAGE, WORDS, fill, findWrong } = require("./content");
const { expect } = require("./expect");
const { Ledger } = require("./ledger");

/** A memory in one thread, and what is known of it. */
class Subject {
  /** `program`: what a module does in it. `isStuck`: it can be no WebAssembly.Memory here. */
  constructor({ id, kind, memory, ledger, program, isStuck = false }) {
    const { address, shared, maximum = Infinity } = memory.type();
    Object.assign(this, { id, kind, memory, program, isStuck, address, shared });
    this.ledger = ledger ?? Ledger.of(this.pages);
    this.maximum = Number(maximum);
    /** What changes it, told apart from it: who waits for native code must not keep it alive. */
    this.changes = { buffers: 0, moves: 0 };
  }

  /** From what another thread's `toMessage` made. */
  static open({ id, kind, token, ledger, isStuck }) {
    const memory = Memory.from(token);
    return new Subject({ id, kind, memory, ledger: new Ledger(ledger), isStuck });
  }

  toMessage() {
    const { id, kind, memory, ledger, isStuck } = this;
    return { id, kind, token: memory.share(), ledger: ledger.buffer, isStuck };
  }

  get pages() {
    return this.memory.buffer.byteLength / PAGE;
  }

  /** A number of pages, as its members take it. */
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

  /** The page must be locked. */
  check(page) {
    const wrong = findWrong(this.wordsOf(page), this.ledger.seedOf(page));
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
