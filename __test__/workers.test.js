"use strict";

// Shared memories between threads. Each test's worker runs a program given as text.

const { once } = require("node:events");
const { MessageChannel, receiveMessageOnPort } = require("node:worker_threads");

const { Memory, features } = require("..");
const { collect } = require("./support/kernel");
const { run } = require("./support/run");
const { compile } = require("./support/wat");
const { start, answer } = require("./support/worker");

const PAGE = 65_536;

const shared = (initial = 1, maximum = 10) => new Memory({ initial, maximum, shared: true });

/** A shared memory with 64-bit addresses that is reserved where it cannot be hosted. */
const shared64 = (maximum = 300_000n) =>
  new Memory({ initial: 1n, maximum, shared: true, address: "i64" });

describe("refused:", () => {
  test("share() of an unshared memory", () => {
    const memory = new Memory({ initial: 1 });
    expect(() => memory.share()).toThrow(TypeError);
    expect(() => memory.share()).toThrow(/^Memory\.share\(\): shared/);
  });

  const testReserved = features.externalSharedBuffers ? test : test.skip;
  testReserved(
    "a token whose memory is gone (needs shared buffers over pages of ours)",
    async () => {
      const tokenOfDropped = () => {
        const { id, type } = shared64().share();
        return { id, type };
      };
      const token = tokenOfDropped();
      const isGone = () => {
        try {
          Memory.from(token);
          return false;
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          expect(error.message).toBe("Memory.from(): the memory is gone");
          return true;
        }
      };
      await collect();
      expect(isGone()).toBe(true);
    },
  );
});

describe.each([
  ["i32", () => shared()],
  ["i64, few pages", () => shared64(10n)],
  ...(features.externalSharedBuffers ? [["i64, reserved", () => shared64()]] : []),
])("a shared memory of %s", (_, make) => {
  test("has one object in a thread, however it came there", () => {
    const memory = make();
    expect(Memory.from(memory.share())).toBe(memory);
    expect(Memory.from(structuredClone(memory.share()))).toBe(memory);
  });

  test("is the same bytes and the same type in another thread", async () => {
    const memory = make();
    new Uint8Array(memory.buffer)[3] = 33;
    const program = `
      const memory = Memory.from(data);
      const bytes = new Uint8Array(memory.buffer);
      bytes[4] = bytes[3] + 1;
      port.postMessage({ type: memory.type(), same: Memory.from(data) === memory });`;
    const { type, same } = await answer(program, memory.share());
    expect(type).toEqual(memory.type());
    expect(same).toBe(true);
    expect(new Uint8Array(memory.buffer)[4]).toBe(34);
  });

  test("shows here what grew there; a buffer from before stays", async () => {
    const memory = make();
    const before = memory.buffer;
    const program = `
      const memory = Memory.from(data);
      const before = memory.grow(memory.type().address === "i64" ? 2n : 2);
      new Uint8Array(memory.buffer)[${PAGE}] = 11;
      port.postMessage(Number(before));`;
    expect(await answer(program, memory.share())).toBe(1);
    expect(memory.buffer.byteLength).toBe(3 * PAGE);
    expect(memory.buffer).toBe(memory.buffer);
    expect(new Uint8Array(memory.buffer)[PAGE]).toBe(11);
    expect(before.byteLength).toBe(PAGE);
    new Uint8Array(before)[9] = 99;
    expect(new Uint8Array(memory.buffer)[9]).toBe(99);
  });

  test("wakes who waits there, through a buffer from before, by one after", async () => {
    const memory = make();
    const program = `
      const places = new Int32Array(Memory.from(data).buffer);
      port.postMessage("waiting");
      port.postMessage(Atomics.wait(places, 0, 0));`;
    const worker = start(program, memory.share());
    expect(await once(worker, "message")).toEqual(["waiting"]);
    memory.grow(memory.type().address === "i64" ? 1n : 1);
    const places = new Int32Array(memory.buffer);
    const woken = once(worker, "message");
    const ended = once(worker, "exit");
    // The worker may not have begun to wait: store first, so that it then need not.
    Atomics.store(places, 0, 1);
    Atomics.notify(places, 0);
    expect(["ok", "not-equal"]).toContain((await woken)[0]);
    await ended;
  });

  test("that several threads grow at once loses no page, and keeps its maximum", async () => {
    const memory = make();
    const program = `
      const memory = Memory.from(data);
      const one = memory.type().address === "i64" ? 1n : 1;
      const before = [];
      for (let i = 0; i < 3; i++) {
        try {
          before.push(Number(memory.grow(one)));
        } catch (error) {
          before.push(error.name);
        }
      }
      port.postMessage(before);`;
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => answer(program, memory.share())),
    );
    const room = memory.type().maximum > 10 ? 12 : 9;
    const grown = answers.flat().filter((before) => before !== "RangeError");
    expect(grown.sort((a, b) => a - b)).toEqual(Array.from({ length: room }, (_, i) => i + 1));
    expect(answers.flat().length).toBe(12);
    expect(memory.buffer.byteLength).toBe((1 + room) * PAGE);
  });

  test("lives in a message, when nobody else holds it", async () => {
    const { port1, port2 } = new MessageChannel();
    const post = () => {
      const memory = make();
      new Uint8Array(memory.buffer)[1] = 17;
      port1.postMessage(memory.share());
    };
    post();
    await collect();
    const memory = Memory.from(receiveMessageOnPort(port2).message);
    expect(new Uint8Array(memory.buffer)[1]).toBe(17);
    port1.close();
  });
});

test("a WebAssembly.Memory that another thread posts is the same memory", async () => {
  const memory = shared();
  const program = `
    const memory = Memory.from(data);
    memory.grow(1);
    port.postMessage(memory.toWebAssembly());`;
  const posted = await answer(program, memory.toWebAssembly());
  expect(posted).not.toBe(memory.toWebAssembly());
  expect(Memory.from(posted)).toBe(memory);
  expect(memory.buffer.byteLength).toBe(2 * PAGE);
});

test("modules in two threads share it, and grow it", async () => {
  const module = await compile(`(module
    (memory (import "m" "m") 1 10 shared)
    (func (export "add") (param i32 i32) (result i32)
      (i32.atomic.rmw.add (local.get 0) (local.get 1)))
    (func (export "grow") (result i32) (memory.grow (i32.const 1))))`);
  const memory = shared();
  const program = `
    const memory = Memory.from(data.token);
    const imports = { m: { m: memory.toWebAssembly() } };
    const { add, grow } = new WebAssembly.Instance(data.module, imports).exports;
    for (let i = 0; i < 1000; i++) add(8, 1);
    grow();
    port.postMessage(memory.buffer.byteLength);`;
  const data = { token: memory.share(), module };
  await Promise.all([answer(program, data), answer(program, data)]);
  expect(new Int32Array(memory.buffer)[2]).toBe(2000);
  expect(memory.buffer.byteLength).toBe(3 * PAGE);
});

test("worker.terminate() in the middle of everything neither crashes nor leaks", async () => {
  const { additions, ...left } = await run("terminate.js");
  expect(additions).toBeGreaterThan(20 * 50);
  // A memory reserves 4 GiB, one of the engine's more: a single one left would show.
  expect(left.space).toBeLessThan(2 ** 30);
  expect(left.mappings).toBeLessThan(500);
});
