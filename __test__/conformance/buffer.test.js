"use strict";

const { isArrayBuffer, isSharedArrayBuffer } = require("node:util/types");

const {
  Memory,
  PAGE,
  hasDetachKeys,
  testReservedPages,
  pageCount,
  bytesOf,
} = require("../support/subject");

/** Creates a memory of two pages that begins with 1, 2, 3. */
function filled() {
  const memory = new Memory({ initial: 2 });
  bytesOf(memory).set([1, 2, 3]);
  return memory;
}

function expectUntouched(memory, buffer) {
  expect(memory.buffer).toBe(buffer);
  expect(buffer.byteLength).toBe(2 * PAGE);
  expect(new Uint8Array(buffer, 0, 4)).toEqual(Uint8Array.of(1, 2, 3, 0));
}

describe("`buffer` rejects", () => {
  test.each([undefined, null, 0, new ArrayBuffer(PAGE), new Memory({ initial: 1 }).buffer])(
    "assignment of %p",
    (value) => {
      const memory = filled();
      const { buffer } = memory;
      expect(() => {
        memory.buffer = value;
      }).toThrow(TypeError);
      expect(Reflect.set(memory, "buffer", value)).toBe(false);
      expectUntouched(memory, buffer);
    },
  );

  // Its [[ArrayBufferDetachKey]] is "WebAssembly.Memory": only the memory can detach it.
  const hasTransfer = "transfer" in ArrayBuffer.prototype;
  const testTransfer = hasTransfer && hasDetachKeys ? test : test.skip;
  const testDetaching = hasTransfer ? test : test.skip;

  testTransfer.each(["transfer", "transferToFixedLength"])(
    "%s() (if the engine has it; Node-API cannot set a detach key)",
    (method) => {
      const memory = filled();
      const { buffer } = memory;
      expect(() => buffer[method]()).toThrow("detach");
      expectUntouched(memory, buffer);
    },
  );

  testDetaching("structuredClone() with a transfer (Node.js 20 copies)", () => {
    const memory = filled();
    const { buffer } = memory;
    expect(() => structuredClone(buffer, { transfer: [buffer] })).toThrow();
    expectUntouched(memory, buffer);
  });
});

test("`buffer` is an ArrayBuffer", () => {
  const { buffer } = new Memory({ initial: 1 });
  expect(isArrayBuffer(buffer)).toBe(true);
  expect(isSharedArrayBuffer(buffer)).toBe(false);
  expect(Object.prototype.toString.call(buffer)).toBe("[object ArrayBuffer]");
  expect(Object.prototype.toString.call(Object.getPrototypeOf(buffer))).toBe(
    "[object ArrayBuffer]",
  );
});

testReservedPages(
  "`buffer` is an ArrayBuffer of the package's realm (under Jest, not the engine's)",
  () => {
    const memory = new Memory({ initial: 1 });
    expect(memory.buffer).toBeInstanceOf(ArrayBuffer);
    expect(Object.getPrototypeOf(memory.buffer)).toBe(ArrayBuffer.prototype);
    memory.grow(1);
    expect(Object.getPrototypeOf(memory.buffer)).toBe(ArrayBuffer.prototype);
  },
);

test.each([0, 1, 3])("`buffer` has the length of %i pages", (initial) => {
  expect(new Memory({ initial }).buffer.byteLength).toBe(initial * PAGE);
});

test.each([0, 1])("`buffer` of %i pages has a fixed length", (initial) => {
  const { buffer } = new Memory({ initial, maximum: 4 });
  expect(buffer.resizable).toBe(false);
  expect(buffer.maxByteLength).toBe(initial * PAGE);
  expect(() => buffer.resize(2 * PAGE)).toThrow();
});

test.each([0, 1])("`buffer` of %i pages is the same object until the memory grows", (initial) => {
  const memory = new Memory({ initial });
  const { buffer } = memory;
  expect(memory.buffer).toBe(buffer);
  new Uint8Array(buffer).fill(7);
  expect(memory.buffer).toBe(buffer);
  memory.grow(1);
  expect(memory.buffer).not.toBe(buffer);
  expect(memory.buffer).toBe(memory.buffer);
});

test.each([0, 1])("`buffer` of %i pages is extensible and not frozen", (initial) => {
  const { buffer } = new Memory({ initial });
  expect(Object.isExtensible(buffer)).toBe(true);
  expect(Object.isFrozen(buffer)).toBe(false);
  expect(Reflect.ownKeys(buffer)).toEqual([]);
});

test("`buffer` keeps the properties that a program adds, and the next buffer does not have them", () => {
  const memory = new Memory({ initial: 1 });
  const { buffer } = memory;
  buffer.note = "mine";
  expect(memory.buffer.note).toBe("mine");
  memory.grow(1);
  expect(buffer.note).toBe("mine");
  expect(memory.buffer.note).toBeUndefined();
});

test("`buffer` keeps written bytes", () => {
  const memory = new Memory({ initial: 2 });
  new DataView(memory.buffer).setUint32(PAGE - 2, 0x01020304);
  expect(new Uint8Array(memory.buffer, PAGE - 3, 6)).toEqual(Uint8Array.of(0, 1, 2, 3, 4, 0));
  new Uint8Array(memory.buffer, 2 * PAGE - 1)[0] = 9;
  expect(bytesOf(memory).at(-1)).toBe(9);
});

test("`buffer` ends with the last page", () => {
  const { buffer } = new Memory({ initial: 1 });
  const bytes = new Uint8Array(buffer);
  bytes[PAGE] = 1;
  expect(bytes[PAGE]).toBeUndefined();
  expect(() => new DataView(buffer).setUint8(PAGE, 1)).toThrow();
  expect(() => new Uint8Array(buffer, 0, PAGE + 1)).toThrow();
});

test("`buffer` can be copied by slice() and structuredClone()", () => {
  const memory = filled();
  const { buffer } = memory;
  for (const copy of [buffer.slice(0), structuredClone(buffer)]) {
    expect(copy).not.toBe(buffer);
    expect(copy.byteLength).toBe(2 * PAGE);
    const bytes = new Uint8Array(copy);
    expect(bytes.subarray(0, 4)).toEqual(Uint8Array.of(1, 2, 3, 0));
    bytes.fill(9);
    expectUntouched(memory, buffer);
  }
});

test("`buffer` stays the same when grow() throws", () => {
  const memory = new Memory({ initial: 0, maximum: 2 });
  const buffers = new Set([memory.buffer]);
  for (const pages of [1, 2]) {
    memory.grow(1);
    expect(pageCount(memory)).toBe(pages);
    buffers.add(memory.buffer);
  }
  expect(() => memory.grow(1)).toThrow(RangeError);
  buffers.add(memory.buffer);
  expect(buffers.size).toBe(3);
});
