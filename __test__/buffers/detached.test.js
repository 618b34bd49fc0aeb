"use strict";

// Buffers that a program detaches, or marks so that nothing can detach them.

const { isMarkedAsUntransferable, markAsUntransferable } = require("node:worker_threads");

const { Memory, features } = require("../..");
const { collectGarbage } = require("../support/gc");

const PAGE = 65_536;

const testTransfer = !features.detachKeys && "transfer" in ArrayBuffer.prototype ? test : test.skip;

testTransfer(
  "`buffer` is a new buffer after the empty one was transferred (without detach keys)",
  () => {
    const memory = new Memory({ initial: 0, maximum: 2 });
    const { buffer } = memory;
    expect(memory.buffer).toBe(buffer);
    buffer.transfer();
    const next = memory.buffer;
    expect(next).not.toBe(buffer);
    expect([next.detached, next.byteLength]).toEqual([false, 0]);
    expect(memory.buffer).toBe(next);
  },
);

testTransfer("`grow()` works after the empty buffer was transferred (without detach keys)", () => {
  const memory = new Memory({ initial: 0, maximum: 2 });
  memory.buffer.transfer();
  expect(memory.grow(0)).toBe(0);
  memory.buffer.transfer();
  expect(memory.grow(1)).toBe(0);
  expect(memory.buffer.byteLength).toBe(PAGE);
  memory.buffer.transfer();
  expect(memory.grow(1)).toBe(1);
  expect(memory.buffer.byteLength).toBe(2 * PAGE);
});

describe("ArrayBuffer.prototype.transfer() (without detach keys)", () => {
  testTransfer("leaves the memory its bytes: the next buffer has them, too", () => {
    const memory = new Memory({ initial: 2, maximum: 4 });
    const { buffer } = memory;
    new Uint8Array(buffer)[5] = 5;
    const kept = buffer.transfer();
    expect(buffer.byteLength).toBe(0);
    expect(memory.buffer.byteLength).toBe(2 * PAGE);
    expect(new Uint8Array(memory.buffer)[5]).toBe(5);
    expect(memory.grow(1)).toBe(2);
    expect(new Uint8Array(memory.buffer)[5]).toBe(5);
    expect(new Uint8Array(kept)[5]).toBe(5);
  });

  testTransfer("to another length takes the pages: every member throws a TypeError", async () => {
    const memory = new Memory({ initial: 2, maximum: 4 });
    const kept = memory.buffer.transfer(PAGE);
    await collectGarbage();
    expect(() => memory.buffer).toThrow(TypeError);
    expect(() => memory.buffer).toThrow(/^Memory\.buffer: .*transferred/);
    expect(() => memory.grow(1)).toThrow(TypeError);
    expect(() => memory.toWebAssembly()).toThrow(TypeError);
    expect(kept.byteLength).toBe(PAGE);
  });
});

const testKeys = features.detachKeys ? test : test.skip;

testKeys(
  "markAsUntransferable() makes members that would detach the buffer throw (with detach keys)",
  () => {
    const memory = new Memory({ initial: 1 });
    const { buffer } = memory;
    new Uint8Array(buffer)[1] = 5;
    expect(isMarkedAsUntransferable(buffer)).toBe(false);
    markAsUntransferable(buffer);
    for (const detach of [() => memory.grow(1), () => memory.toWebAssembly()]) {
      expect(detach).toThrow(TypeError);
      expect(detach).toThrow(/^Memory\.\w+\(\): buffer: marked with markAsUntransferable\(\)/);
    }
    expect(memory.buffer).toBe(buffer);
    expect(new Uint8Array(buffer)[1]).toBe(5);
  },
);
