"use strict";

// A memory of no pages whose buffer a program has detached, where it can.

const { Memory, features } = require("../..");

const PAGE = 65_536;

const testTransfer = !features.detachKeys && "transfer" in ArrayBuffer.prototype ? test : test.skip;

testTransfer("issues another buffer once its empty one was transferred (where it can be)", () => {
  const memory = new Memory({ initial: 0, maximum: 2 });
  const { buffer } = memory;
  expect(memory.buffer).toBe(buffer);
  buffer.transfer();
  const next = memory.buffer;
  expect(next).not.toBe(buffer);
  expect([next.detached, next.byteLength]).toEqual([false, 0]);
  expect(memory.buffer).toBe(next);
});

testTransfer("grows after its empty buffer was transferred (where it can be)", () => {
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
