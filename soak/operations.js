"use strict";

// The operations on memories. Each has
//   name, weight          how often it runs, relative to the others
//   appliesTo(subject)    whether it can run; always, if it is missing
//   run(actor, subject)   throws if something is wrong
// To add an operation, add it to the list.

const { randomFill } = require("node:crypto");

const { Memory } = require("..");
const { gc } = require("../__test__/support/gc");
const { findMismatch } = require("./content");
const { expect, thrownBy } = require("./expect");
const { runOn } = require("./programs");

const isShared = ({ shared }) => shared;
const isUnshared = ({ shared }) => !shared;
const canMove = ({ cannotMove }) => !cannotMove;
const hasProgram = ({ program }) => program !== undefined;

const operations = [
  {
    name: "write a page",
    weight: 30,
    run: (actor, subject) =>
      actor.withPage(subject, (page) => {
        subject.check(page);
        subject.write(page, actor.newSeed());
        actor.note("pages written");
      }),
  },
  {
    name: "check a page",
    weight: 20,
    run: (actor, subject) => actor.withPage(subject, (page) => subject.check(page)),
  },
  { name: "check all", weight: 6, run: (actor, subject) => actor.checkAll(subject) },
  {
    name: "write by a module",
    weight: 12,
    appliesTo: hasProgram,
    run: (actor, subject) =>
      actor.withPage(subject, (page) => {
        const seed = actor.newSeed();
        subject.program.fill(page, seed);
        subject.ledger.setSeed(page, seed);
        actor.note("pages written");
      }),
  },
  {
    name: "check by a module",
    weight: 12,
    appliesTo: hasProgram,
    run: (actor, subject) =>
      actor.withPage(subject, (page) => {
        const seed = subject.ledger.seedOf(page);
        expect(subject.program.isRight(page, seed) === 1, `a module finds page ${page} wrong`);
      }),
  },
  {
    name: "grow",
    weight: 8,
    run(actor, subject) {
      grow(actor, subject, actor.random.between(0, 4), (delta) => {
        let before;
        const error = thrownBy(() => (before = subject.memory.grow(subject.count(delta))));
        if (error !== undefined && !(error instanceof RangeError)) throw error;
        return before === undefined ? undefined : Number(before);
      });
    },
  },
  {
    name: "grow by a module",
    weight: 6,
    appliesTo: hasProgram,
    run(actor, subject) {
      grow(actor, subject, actor.random.between(1, 4), (delta) => {
        const before = subject.program.grow(delta);
        return before === -1 ? undefined : before;
      });
    },
  },
  {
    name: "grow too far",
    weight: 2,
    run(actor, subject) {
      const { memory, maximum, shared } = subject;
      const { buffer } = memory;
      const delta = subject.count(maximum === Infinity ? 2 ** 32 - 1 : maximum + 1);
      const error = thrownBy(() => memory.grow(delta));
      expect(error instanceof RangeError, `grown too far: ${error}`);
      expect(shared || memory.buffer === buffer, "another buffer after a refusal");
      subject.checkSize();
    },
  },
  {
    name: "move",
    weight: 3,
    appliesTo: canMove,
    run(actor, subject) {
      const { memory, address, shared } = subject;
      const before = memory.buffer;
      const moved = memory.toWebAssembly();
      expect(moved === memory.toWebAssembly(), "another WebAssembly.Memory each time");
      expect(shared || moved.buffer === memory.buffer, "two buffers of one memory");
      if (!shared && memory.buffer !== before) {
        subject.changes.buffers++;
        subject.changes.moves++;
      }
      subject.program ??= runOn(actor.programs, { address, shared }, moved);
      expect(Memory.from(moved) === memory, "two Memory objects of one memory");
      actor.checkAll(subject);
    },
  },
  {
    name: "move a memory that cannot move",
    weight: 1,
    appliesTo: ({ cannotMove }) => cannotMove,
    run(actor, subject) {
      const { memory } = subject;
      const { buffer } = memory;
      const error = thrownBy(() => memory.toWebAssembly());
      expect(error instanceof TypeError, `toWebAssembly(): ${error}`);
      expect(isShared(subject) || memory.buffer === buffer, "another buffer after a refusal");
    },
  },
  {
    name: "share an unshared memory",
    weight: 1,
    appliesTo: isUnshared,
    run(actor, { memory }) {
      const error = thrownBy(() => memory.share());
      expect(error instanceof TypeError, `share(): ${error}`);
    },
  },
  {
    name: "post",
    weight: 6,
    appliesTo: isShared,
    run(actor, subject) {
      if (actor.peers.length > 0) actor.random.pick(actor.peers).postMessage(subject.toMessage());
    },
  },
  {
    name: "keep a buffer",
    weight: 6,
    run(actor, { memory, shared, changes }) {
      const { buffer } = memory;
      actor.keep({ buffer, length: buffer.byteLength, shared, changes, made: changes.buffers });
    },
  },
  {
    name: "check a kept buffer",
    weight: 6,
    run(actor) {
      const kept = actor.random.pick(actor.kept);
      if (kept === undefined) return;
      const { buffer, length, shared, changes, made } = kept;
      const isCurrent = shared || changes.buffers === made;
      expect(buffer.byteLength === (isCurrent ? length : 0), "a kept buffer has another length");
    },
  },
  {
    name: "read on another thread",
    weight: 5,
    run: (actor, subject) =>
      actor.lendPage(subject, ({ changes, ledger, bytes, page }, done) => {
        const { moves } = changes;
        actor.scratch.write(bytes, (error, written) => {
          // Native code may have read zeros if the pages have moved meanwhile.
          const isRight =
            changes.moves !== moves || findMismatch(written, ledger.seedOf(page)) === -1;
          done(error ?? (isRight ? null : new Error(`page ${page} was read wrong`)));
        });
      }),
  },
  {
    name: "write on another thread",
    weight: 5,
    run: (actor, subject) =>
      actor.lendPage(subject, ({ held, bytes, page }, done) => {
        const seed = actor.newSeed();
        randomFill(bytes, (error) => {
          const subject = held.deref();
          subject?.write(page, seed);
          // Dropped here, the memory may exist in other threads, which must not read random bytes.
          done(error, { staysLocked: subject === undefined });
        });
      }),
  },
  { name: "make", weight: 4, run: (actor) => actor.hold(actor.make()) },
  { name: "collect garbage", weight: 1, run: () => gc() },
  {
    name: "drop",
    weight: 3,
    run(actor, subject) {
      if (!actor.random.isOneIn(3)) actor.checkAll(subject);
      actor.drop(subject);
    },
  },
];

/** Grows by `attempt(delta)`, which returns the previous number of pages, or undefined if it is refused. */
function grow(actor, subject, delta, attempt) {
  const { ledger, maximum } = subject;
  if (!ledger.intend(delta)) return;
  const least = ledger.leastSize;
  const before = attempt(delta);
  if (before === undefined) {
    const wanted = ledger.mostSize;
    ledger.abandon(delta);
    expect(wanted > maximum, `refused: ${wanted} pages of ${maximum}`);
    return;
  }
  ledger.confirm(delta);
  subject.changes.buffers++;
  expect(before >= least, `grown from ${before} pages, at least ${least} were there`);
  subject.checkSize();
  for (let page = before; page < before + delta; page++) {
    actor.withLocked(subject, page, () => subject.check(page));
  }
}

module.exports = { operations };
