"use strict";

const { pbkdf2 } = require("node:crypto");
const { setImmediate } = require("node:timers/promises");

const { Memory } = require("..");
const { PAGE } = require("./content");
const { expect } = require("./expect");
const { makeAny } = require("./kinds");
const { operations } = require("./operations");
const { Random } = require("./random");
const { ScratchFile } = require("./scratch-file");
const { Subject } = require("./subject");

/**
 * How many memories a thread holds at most, how many old buffers, and how many pages it lends to native code.
 */
const MAX_HELD = 10;
const MAX_KEPT = 20;
const MAX_LENT = 8;

/** How many rounds, of about a microsecond each, native code computes before it uses a lent page. */
const DELAY = 4000;

/** The memories of one thread, and the random operations on them. */
class Actor {
  subjects = [];
  kept = [];
  /** The threads that memories can be posted to. */
  peers = [];
  /** The file to which native code writes the pages that it reads. */
  scratch = new ScratchFile();
  /**
   * Independent of `random`, so that the sequence of operations does not depend on which pages are locked.
   */
  #seeds;
  #operations;
  #tally;
  #made = 0;
  #done = 0;
  #lent = new Set();
  #failure;

  /** No other thread has, or had, the number `thread`. */
  constructor({ thread, seed, programs, tally }, furtherOperations = []) {
    this.thread = thread;
    this.random = new Random(seed ^ Math.imul(thread, 0x9e37_79b9));
    this.#seeds = new Random(this.random.next());
    this.programs = programs;
    this.#tally = tally;
    this.#operations = [...operations, ...furtherOperations];
  }

  /**
   * Runs random operations, with turns of the event loop between, until it is over; then drops all memories.
   */
  async run(isOver) {
    while (!isOver()) {
      for (let left = this.random.between(1, 40); left > 0; left--) await this.#step();
      await setImmediate();
      if (this.#failure !== undefined) throw this.#failure;
    }
    await Promise.all(this.#lent);
    for (const subject of this.subjects) {
      this.#attempt("check all", subject, () => this.checkAll(subject));
    }
    this.subjects = [];
    this.kept = [];
    if (this.#failure !== undefined) throw this.#failure;
  }

  #step() {
    if (this.subjects.length === 0) this.hold(this.make());
    const operation = this.random.pickWeighted(this.#operations);
    const subject = this.random.pick(this.subjects);
    this.#done++;
    if (operation.appliesTo?.(subject) === false) return undefined;
    this.#tally.add(operation.name);
    return this.#attempt(operation.name, subject, () => operation.run(this, subject));
  }

  #attempt(name, subject, action) {
    try {
      return action();
    } catch (error) {
      throw this.#explain(error, name, subject);
    }
  }

  #explain(error, name, subject) {
    const where = `thread ${this.thread}, operation ${this.#done}, ${name} (${subject})`;
    return new Error(`${where}: ${error.message}`, { cause: error });
  }

  /** Receives a memory that another thread has posted. */
  receive(message) {
    const known = this.subjects.find(({ id }) => id === message.id);
    if (known === undefined) return this.hold(Subject.open(message));
    expect(Memory.from(message.token) === known.memory, `${known}: two Memory objects in a thread`);
  }

  make() {
    const made = makeAny(this.random, this);
    this.note("memories made");
    return new Subject({ id: `${this.thread}.${this.#made++}`, ...made });
  }

  hold(subject) {
    if (this.subjects.length >= MAX_HELD) this.drop(this.random.pick(this.subjects));
    this.subjects.push(subject);
  }

  drop(subject) {
    this.subjects.splice(this.subjects.indexOf(subject), 1);
  }

  keep(buffer) {
    this.kept.push(buffer);
    if (this.kept.length > MAX_KEPT) this.kept.shift();
  }

  newSeed() {
    return this.#seeds.next() | 1;
  }

  note(what) {
    this.#tally.add(what);
  }

  /** Calls `action` with a random page if no other thread has locked that page. */
  withPage(subject, action) {
    const { pages } = subject;
    if (pages === 0) return;
    const page = this.random.between(0, pages - 1);
    this.withLocked(subject, page, () => action(page));
  }

  /** Calls `action` if no other thread has locked the page. Returns whether it did. */
  withLocked({ ledger }, page, action) {
    if (!ledger.tryLock(page, this.thread)) return false;
    action();
    ledger.unlock(page);
    return true;
  }

  checkAll(subject) {
    subject.checkSize();
    const { pages } = subject;
    for (let page = 0; page < pages; page++) {
      const isChecked = this.withLocked(subject, page, () => subject.check(page));
      if (isChecked) this.note("pages checked");
    }
  }

  /**
   * Lends a page to native code, which `start` starts, until it calls `done`. Other operations continue. The
   * loan does not keep the memory alive.
   */
  lendPage(subject, start) {
    const { pages, ledger, changes, memory } = subject;
    if (pages === 0) return;
    const page = this.random.between(0, pages - 1);
    if (this.#lent.size >= MAX_LENT) return;
    if (!ledger.tryLock(page, this.thread)) return;
    const bytes = new Uint8Array(memory.buffer, page * PAGE, PAGE);
    const held = new WeakRef(subject);
    this.#start(start, { ledger, changes, page, bytes, held, name: String(subject) });
  }

  #start(start, page) {
    // Native code has only one thread, so this delays the use of the page.
    pbkdf2("", "", DELAY, 16, "sha256", () => {});
    const lent = new Promise((resolve) => {
      start(page, (error, { staysLocked = false } = {}) => {
        if (error === null && !staysLocked) page.ledger.unlock(page.page);
        if (error !== null) this.#failure ??= this.#explain(error, "native code", page.name);
        resolve();
      });
    });
    this.#lent.add(lent);
    lent.then(() => this.#lent.delete(lent));
  }

  /** Writes and unlocks the pages that a terminated thread had locked. */
  repairPagesOf(thread) {
    for (const subject of this.subjects) {
      for (const page of subject.ledger.lockedBy(thread)) {
        subject.write(page, this.newSeed());
        subject.ledger.unlock(page);
      }
    }
  }
}

/** Counters besides those of the operations. */
const NOTES = ["memories made", "pages written", "pages checked", "terminate a worker"];

/** The names of all counters. */
const COUNTED = [...operations.map(({ name }) => name), ...NOTES];

module.exports = { Actor, COUNTED };
