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

/** The most memories that a thread holds at once, and old buffers, and pages lent to native code. */
const MOST_HELD = 10;
const MOST_KEPT = 20;
const MOST_LENT = 8;

/** What native code does before it gets to a lent page: rounds, of about a microsecond each. */
const DELAY = 4000;

/** One thread's memories, and what happens to them. */
class Actor {
  subjects = [];
  kept = [];
  /** Where memories can be posted to. */
  peers = [];
  /** Where native code writes what it reads. */
  scratch = new ScratchFile();
  /** Apart from `random`, so that what happens does not depend on which pages are locked. */
  #seeds;
  #operations;
  #tally;
  #made = 0;
  #done = 0;
  #lent = new Set();
  #failure;

  /** The thread's number is none that another thread has, or had. */
  constructor({ thread, seed, programs, tally }, furtherOperations = []) {
    this.thread = thread;
    this.random = new Random(seed ^ Math.imul(thread, 0x9e37_79b9));
    this.#seeds = new Random(this.random.next());
    this.programs = programs;
    this.#tally = tally;
    this.#operations = [...operations, ...furtherOperations];
  }

  /** Does one thing after another, with turns of the event loop between, and drops all then. */
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

  /** A message of another thread's has come: a memory. */
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
    if (this.subjects.length >= MOST_HELD) this.drop(this.random.pick(this.subjects));
    this.subjects.push(subject);
  }

  drop(subject) {
    this.subjects.splice(this.subjects.indexOf(subject), 1);
  }

  keep(buffer) {
    this.kept.push(buffer);
    if (this.kept.length > MOST_KEPT) this.kept.shift();
  }

  newSeed() {
    return this.#seeds.next() | 1;
  }

  note(what) {
    this.#tally.add(what);
  }

  /** Does something with a random page that nobody else has now. */
  withPage(subject, action) {
    const { pages } = subject;
    if (pages === 0) return;
    const page = this.random.between(0, pages - 1);
    this.withLocked(subject, page, () => action(page));
  }

  /** Returns whether it did. */
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
   * Has native code use a page, by `start`, until it calls `done`. Everything else goes on; nothing here
   * keeps the memory alive.
   */
  lendPage(subject, start) {
    const { pages, ledger, changes, memory } = subject;
    if (pages === 0) return;
    const page = this.random.between(0, pages - 1);
    if (this.#lent.size >= MOST_LENT) return;
    if (!ledger.tryLock(page, this.thread)) return;
    const bytes = new Uint8Array(memory.buffer, page * PAGE, PAGE);
    const held = new WeakRef(subject);
    this.#start(start, { ledger, changes, page, bytes, held, name: String(subject) });
  }

  #start(start, page) {
    // Native code has but one thread: so it gets to the page later.
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

  /** Takes over what a terminated thread was in the middle of. */
  inherit(thread) {
    for (const subject of this.subjects) {
      for (const page of subject.ledger.lockedBy(thread)) {
        subject.write(page, this.newSeed());
        subject.ledger.unlock(page);
      }
    }
  }
}

/** What is counted besides operations. */
const NOTES = ["memories made", "pages written", "pages checked", "terminate a worker"];

/** The names of all that is counted. */
const COUNTED = [...operations.map(({ name }) => name), ...NOTES];

module.exports = { Actor, COUNTED };
