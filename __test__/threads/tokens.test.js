"use strict";

// Tokens of share(), on every way from one thread to another.

const { once } = require("node:events");
const v8 = require("node:v8");
const { BroadcastChannel, MessageChannel } = require("node:worker_threads");

const { Memory } = require("../..");
const { collectGarbage, gc, nextTurn } = require("../support/gc");
const { makeShared, sharedKinds, toAddressType } = require("../support/shared-memories");
const { startWorker, resultOf } = require("../support/workers");

const bytesOf = (memory) => new Uint8Array(memory.buffer);

/** Defines `report()` in a worker: it posts the type of a token's memory, and writes 2 behind the 1 in it. */
const defineReport = `
  const report = (token) => {
    const memory = Memory.from(token);
    const bytes = new Uint8Array(memory.buffer);
    bytes[1] = bytes[0] + 1;
    port.postMessage({ type: memory.type(), same: Memory.from(token) === memory });
  };`;

describe.each(sharedKinds)("a shared memory of %s", (_, make) => {
  let memory;

  beforeEach(() => {
    memory = make();
    bytesOf(memory)[0] = 1;
  });

  /** Expects a message of `report()` about the memory. */
  function expectReport(message) {
    expect(message).toEqual({ type: memory.type(), same: true });
    expect(bytesOf(memory)[1]).toBe(2);
  }

  test("arrives in workerData, nested in other objects", async () => {
    const data = { list: [new Map([["token", memory.share()]])] };
    expectReport(await resultOf(`${defineReport} report(data.list[0].get("token"));`, data));
  });

  test("arrives by worker.postMessage()", async () => {
    const worker = startWorker(`${defineReport} port.once("message", report);`);
    const [message, ended] = [once(worker, "message"), once(worker, "exit")];
    worker.postMessage(memory.share());
    expectReport((await message)[0]);
    await ended;
  });

  test("comes back from another thread as the same object", async () => {
    const echo = `port.postMessage([Memory.from(data).share(), data]);`;
    for (const token of await resultOf(echo, memory.share())) {
      expect(Memory.from(token)).toBe(memory);
    }
  });

  test("arrives by a MessageChannel, and is forwarded from worker to worker", async () => {
    const { port1, port2 } = new MessageChannel();
    const passOn = `port.once("message", ({ token, to }) => to.postMessage({ again: token }));`;
    const take = `${defineReport} data.once("message", ({ again }) => { data.close(); report(again); });`;
    const first = startWorker(passOn);
    const second = startWorker(take, port2, [port2]);
    const ended = Promise.all([once(first, "exit"), once(second, "exit")]);
    const message = once(second, "message");
    first.postMessage({ token: memory.share(), to: port1 }, [port1]);
    expectReport((await message)[0]);
    await ended;
  });

  test("arrives by a BroadcastChannel, in every thread that listens", async () => {
    const channel = new BroadcastChannel("memories");
    const listen = `${defineReport}
      const { BroadcastChannel } = require("node:worker_threads");
      const channel = new BroadcastChannel("memories");
      channel.onmessage = ({ data }) => { channel.close(); report(data.token); };
      port.postMessage("listening");`;
    const workers = [startWorker(listen), startWorker(listen)];
    const ended = Promise.all(workers.map((worker) => once(worker, "exit")));
    await Promise.all(workers.map((worker) => once(worker, "message")));
    const messages = workers.map((worker) => once(worker, "message"));
    channel.postMessage({ token: memory.share() });
    for (const [message] of await Promise.all(messages)) expectReport(message);
    channel.close();
    await ended;
  });

  test("has one object in a thread, however its token arrives", () => {
    expect(Memory.from(memory.share())).toBe(memory);
    expect(Memory.from(structuredClone(memory.share()))).toBe(memory);
    expect(Memory.from(structuredClone([memory.share()])[0])).toBe(memory);
  });

  test("has one object even while it has no pages", () => {
    const { address, maximum } = memory.type();
    const makeEmpty = () =>
      new Memory({ initial: toAddressType(memory, 0), maximum, shared: true, address });
    const empty = makeEmpty();
    const another = makeEmpty();
    const copy = structuredClone(empty.share());
    expect(Memory.from(structuredClone(another.share()))).toBe(another);
    expect(Memory.from(copy)).toBe(empty);
    empty.grow(toAddressType(memory, 1));
    expect(Memory.from(copy)).toBe(empty);
  });

  test("gets a new object with the same bytes after the first was collected", async () => {
    const { token, dropped } = drop();
    await nextTurn();
    gc();
    const next = Memory.from(token);
    expect(dropped.deref()).toBeUndefined();
    expect(bytesOf(next)[0]).toBe(1);
    // Runs the finalizer of the first object, which must not drop the second one.
    await collectGarbage();
    expect(Memory.from(structuredClone(token))).toBe(next);
  });

  /** Drops the memory, and returns a clone of its token, which does not reference the object. */
  function drop() {
    const dropped = new WeakRef(memory);
    const token = structuredClone(memory.share());
    memory = undefined;
    return { token, dropped };
  }

  test("cannot leave the process: a serialized token is rejected", () => {
    const text = JSON.stringify(memory.share());
    expect(() => Memory.from(JSON.parse(text))).toThrow(TypeError);
    expect(() => v8.serialize(memory.share())).toThrow(/could not be cloned/);
  });
});

describe("Memory.from() of a WebAssembly.Memory that another thread posts", () => {
  const grow = `
    const memory = Memory.from(data);
    memory.grow(1);
    port.postMessage(memory.toWebAssembly());`;

  test("returns the memory that this thread already has, with all its pages", async () => {
    const memory = makeShared();
    const posted = await resultOf(grow, memory.share());
    expect(posted).not.toBe(memory.toWebAssembly());
    expect(Memory.from(posted)).toBe(memory);
    expect(memory.buffer.byteLength).toBe(2 * 65_536);
  });

  test("adopts a memory that this thread does not have yet, with its type", async () => {
    const program = `
      const memory = new Memory({ initial: 2, maximum: 77, shared: true });
      new Uint8Array(memory.buffer)[5] = 5;
      port.postMessage(memory.toWebAssembly());`;
    const posted = await resultOf(program);
    const memory = Memory.from(posted);
    expect(memory.type()).toEqual({ minimum: 2, maximum: 77, shared: true, address: "i32" });
    expect(bytesOf(memory)[5]).toBe(5);
    expect(memory.toWebAssembly()).toBe(posted);
    expect(Memory.from(structuredClone(posted))).toBe(memory);
  });
});

describe("sharing", () => {
  test.each([
    ["unshared", () => new Memory({ initial: 1 })],
    ["unshared and adopted", () => Memory.from(new WebAssembly.Memory({ initial: 1 }))],
  ])("throws a TypeError for share() of a memory that is %s", (_, make) => {
    const memory = make();
    expect(() => memory.share()).toThrow(TypeError);
    expect(() => memory.share()).toThrow(/^Memory\.share\(\): expected a shared memory/);
  });

  test.each([
    ["structuredClone()", (value) => structuredClone(value)],
    ["postMessage()", (value) => new MessageChannel().port1.postMessage(value)],
    ["a BroadcastChannel", (value) => broadcast(value)],
    ["workerData", (value) => startWorker("", value)],
  ])("throws a DataCloneError for a Memory in %s", (_, post) => {
    class Derived extends Memory {}
    const adopted = Memory.from(new WebAssembly.Memory({ initial: 1 }));
    for (const memory of [
      new Memory({ initial: 1 }),
      makeShared(),
      adopted,
      new Derived({ initial: 1 }),
    ]) {
      for (const value of [memory, { nested: [memory] }]) {
        expect(() => post(value)).toThrow(expect.objectContaining({ name: "DataCloneError" }));
      }
      expect(memory.buffer.byteLength).toBe(65_536);
    }
    expect(Reflect.ownKeys(makeShared())).toEqual([]);
  });

  function broadcast(value) {
    const channel = new BroadcastChannel("refused");
    try {
      channel.postMessage(value);
    } finally {
      channel.close();
    }
  }
});
