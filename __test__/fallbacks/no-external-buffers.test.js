"use strict";

// An engine without external buffers (Electron): the mocked addon fails as it does there.

jest.mock("../../native", () => ({
  ...jest.requireActual("../../native"),
  create() {
    const code = "ERR_LINEAR_MEMORY_NOT_SUPPORTED";
    throw Object.assign(new Error("refused"), { code, isTypeError: false, errno: null });
  },
}));

const { Memory, features } = require("../..");

const PAGE = 65_536;

test("a memory is hosted by the engine", () => {
  const memory = new Memory({ initial: 1, maximum: 3 });
  new Uint8Array(memory.buffer)[0] = 1;
  expect(memory.toWebAssembly().buffer).toBe(memory.buffer);
  const before = memory.buffer;
  expect(memory.grow(2)).toBe(1);
  expect(before.byteLength).toBe(0);
  expect(new Uint8Array(memory.buffer)[0]).toBe(1);
  expect(() => memory.grow(1)).toThrow(RangeError);
  expect(memory.type()).toEqual({ minimum: 3, maximum: 3, shared: false, address: "i32" });
});

test("a memory with 64-bit addresses is hosted too, even if the engine has only 32-bit ones", () => {
  const memory = new Memory({ initial: 1n, maximum: 9n, address: "i64" });
  expect(memory.grow(1n)).toBe(1n);
  expect(memory.buffer.byteLength).toBe(2 * PAGE);
  expect(memory.type()).toEqual({ minimum: 2n, maximum: 9n, shared: false, address: "i64" });
});

test("a maximum that the engine cannot host is a RangeError", () => {
  const make = () => new Memory({ initial: 1n, maximum: 300_000n, address: "i64" });
  expect(make).toThrow(RangeError);
  expect(make).toThrow(/^Memory: the engine could not allocate the memory: /);
});

test("`features.resizableBuffers` reports whether the engine has resizable buffers", () => {
  const isEngines = "toResizableBuffer" in WebAssembly.Memory.prototype;
  expect(features.resizableBuffers).toEqual({ unshared: isEngines, shared: isEngines });
  const memory = new Memory({ initial: 1, maximum: 3 });
  const { buffer } = memory;
  expect(memory.toFixedLengthBuffer()).toBe(buffer);
  if (isEngines) {
    memory.toResizableBuffer().resize(2 * PAGE);
    expect(memory.type().minimum).toBe(2);
  } else {
    expect(() => memory.toResizableBuffer()).toThrow(TypeError);
    expect(memory.buffer).toBe(buffer);
  }
});
