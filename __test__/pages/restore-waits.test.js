"use strict";

// Memory.restore() in a memory with pending Memory.wait(), whose words it would change.

const { once } = require("node:events");

const { Memory, features } = require("../..");
const { PAGE } = require("../support/stores");
const { sharedKinds } = require("../support/shared-memories");
const { startWorker } = require("../support/workers");
const { thrownBy } = require("../support/thrown");

const WORD = PAGE / 4; // the first word of the second page

const name = features.waits ? "%s:" : "%s (needs a system with waits):";
(features.waits ? describe : describe.skip).each(sharedKinds)(name, (_, make) => {
  let memory, words, snapshot;

  beforeEach(() => {
    memory = make(8);
    const { address } = memory.type();
    memory.grow(address === "i64" ? 1n : 1);
    words = new Int32Array(memory.buffer);
    words.fill(1);
    snapshot = memory.snapshot();
    words.fill(2);
  });

  // Ends waits that a failed test has left: they end when they next read their words.
  afterEach(() => words.fill(0));

  /** Expects restore() to throw and to change nothing. Returns the error's message. */
  function expectRefusal() {
    const error = thrownBy(() => memory.restore(snapshot));
    expect(error).toBeInstanceOf(TypeError);
    expect(words.every((word) => word === 2)).toBe(true);
    return error.message;
  }

  function expectRestored() {
    expect(memory.restore(snapshot)).toBeUndefined();
    expect(words.every((word) => word === 1)).toBe(true);
  }

  /** Notifies a word until the wait for it ends: the wait may not be in the system's queue yet. */
  async function wake(index, wait) {
    let isPending = true;
    const settled = wait.finally(() => (isPending = false));
    while (isPending) {
      memory.notify(index);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return settled;
  }

  test("restore() throws while waits are pending, and works when they have ended", async () => {
    const first = memory.wait(WORD, 2);
    expect(expectRefusal()).toBe(
      "Memory.restore(): expected no pending Memory.wait() in this memory, found 1: " +
        "call notify() and await their promises first",
    );
    const second = memory.wait(0, 2);
    expect(expectRefusal()).toMatch("found 2:");
    expect(await wake(WORD, first)).toBe("ok");
    expect(expectRefusal()).toMatch("found 1:");
    expect(await wake(0, second)).toBe("ok");
    expectRestored();
  });

  test("restore() works after waits that ended by themselves", async () => {
    expect(await memory.wait(WORD, 3)).toBe("not-equal");
    expect(await memory.wait(WORD, 2, 1)).toBe("timed-out");
    expectRestored();
  });

  test("restore() works while waits are pending in another memory", async () => {
    const other = make(8);
    const wait = other.wait(0, 0);
    expectRestored();
    const otherWords = new Int32Array(other.buffer);
    Atomics.store(otherWords, 0, 1);
    other.notify(0);
    expect(["ok", "not-equal"]).toContain(await wait);
  });

  test("restore() throws while a wait is pending in another thread", async () => {
    const worker = startWorker(
      `const memory = Memory.from(data);
      const wait = memory.wait(${WORD}, 2);
      port.postMessage("waits");
      wait.then((outcome) => port.postMessage(outcome));`,
      memory.share(),
    );
    expect(await once(worker, "message")).toEqual(["waits"]);
    expect(expectRefusal()).toMatch("found 1:");
    const outcome = once(worker, "message");
    expect(await wake(WORD, outcome)).toEqual(["ok"]);
    expectRestored();
    await worker.terminate();
  });

  test("restore() works after the thread of a pending wait was terminated", async () => {
    const worker = startWorker(
      `Memory.from(data).wait(${WORD}, 2).then(() => port.postMessage("woken"));
      port.on("message", () => {}); // keeps the thread alive
      port.postMessage("waits");`,
      memory.share(),
    );
    expect(await once(worker, "message")).toEqual(["waits"]);
    expect(expectRefusal()).toMatch("found 1:");
    await worker.terminate();
    expectRestored();
  });

  test("Memory.from(snapshot) works while a wait is pending in the snapshot's memory", async () => {
    const wait = memory.wait(WORD, 2);
    const copy = Memory.from(snapshot);
    expect(new Int32Array(copy.buffer)[WORD]).toBe(1);
    expect(await wake(WORD, wait)).toBe("ok");
  });
});
