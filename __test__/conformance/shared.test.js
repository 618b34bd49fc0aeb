"use strict";

const { isArrayBuffer, isSharedArrayBuffer } = require("node:util/types");

const {
  Memory,
  PAGE,
  referenceHas,
  testIfReferenceHas,
  expectError,
  pageCount,
  bytesOf,
} = require("../support/subject");

const ADDRESS = "JS API, Memory constructor step 1";

const create = (initial, maximum) => new Memory({ initial, maximum, shared: true });
const create64 = (initial, maximum) =>
  new Memory({ address: "i64", initial, maximum, shared: true });

describe("a shared memory rejects", () => {
  test.each([
    [{ initial: 0 }],
    [{ initial: 10 }],
    [{ initial: 10, maximum: undefined }],
    [{ initial: 65_536 }],
  ])("a missing maximum: %p", (descriptor) => {
    const create = () => new Memory({ ...descriptor, shared: true });
    expectError(create, TypeError, "maximum", "required", "shared");
  });

  testIfReferenceHas(
    referenceHas.address,
    "a missing maximum, with 64-bit addresses",
    ADDRESS,
    () => {
      expectError(() => create64(1n, undefined), TypeError, "maximum", "required", "shared");
    },
  );

  test.each([
    [2, 1, "maximum", "1", "2"],
    [0, 65_537, "maximum", "65537", "65536"],
    [65_537, 65_537, "initial", "65537", "65536"],
  ])("an initial of %i with a maximum of %i", (initial, maximum, ...parts) => {
    expectError(() => create(initial, maximum), RangeError, ...parts);
  });

  testIfReferenceHas.each(referenceHas.address, [
    [2n, 1n, "maximum", "1n", "2n"],
    [0n, 2n ** 37n, "maximum", "137438953472n", "137438953471n"],
    [262_145n, 262_145n, "initial", "262145n", "262144n"],
  ])(
    "an initial of %p with a maximum of %p",
    "JS API, Implementation-defined Limits",
    (initial, maximum, ...parts) => {
      expectError(() => create64(initial, maximum), RangeError, ...parts);
    },
  );

  test.each([
    [-1, "-1", "4294967295"],
    [NaN, "NaN", "4294967295"],
    [2 ** 32, "4294967296", "4294967295"],
    [1n, "1n"],
    [Symbol("pages"), "a symbol"],
  ])("grow(%p)", (delta, ...shown) => {
    const memory = create(1, 4);
    const { buffer } = memory;
    expectError(() => memory.grow(delta), TypeError, "delta", ...shown);
    expect(memory.buffer).toBe(buffer);
    expect(buffer.byteLength).toBe(PAGE);
  });

  test.each([
    [1, 1, 1],
    [1, 3, 3],
    [0, 0, 1],
    [1, 65_536, 65_536],
    [1, 3, 2 ** 32 - 1],
  ])("growth beyond the maximum: %i of %i pages and %i more", (initial, maximum, delta) => {
    const memory = create(initial, maximum);
    bytesOf(memory).fill(7);
    const { buffer } = memory;
    const parts = [`${initial} `, `${delta}`, `${maximum}`];
    expectError(() => memory.grow(delta), RangeError, "grow()", ...parts);
    expect(memory.buffer).toBe(buffer);
    expect(buffer.byteLength).toBe(initial * PAGE);
    expect(bytesOf(memory).every((byte) => byte === 7)).toBe(true);
  });

  test("changes of its frozen buffer, and assignment of `buffer`", () => {
    const memory = create(1, 1);
    const { buffer } = memory;
    expect(() => {
      buffer.note = "mine";
    }).toThrow(TypeError);
    expect(Reflect.setPrototypeOf(buffer, null)).toBe(false);
    expect(Reflect.defineProperty(buffer, "note", { value: "mine" })).toBe(false);
    expect(() => {
      memory.buffer = buffer;
    }).toThrow(TypeError);
  });
});

describe("the buffer of a shared memory", () => {
  const sizes = [
    [0, 0],
    [0, 2],
    [1, 2],
    [4, 10],
    [1, 65_536],
  ];

  test.each(sizes)("is a SharedArrayBuffer: %i of %i pages", (initial, maximum) => {
    const { buffer } = create(initial, maximum);
    expect(buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(Object.getPrototypeOf(buffer)).toBe(SharedArrayBuffer.prototype);
    expect(isSharedArrayBuffer(buffer)).toBe(true);
    expect(isArrayBuffer(buffer)).toBe(false);
    expect(Object.prototype.toString.call(buffer)).toBe("[object SharedArrayBuffer]");
    expect(buffer.byteLength).toBe(initial * PAGE);
  });

  test.each(sizes)("is frozen and has a fixed length: %i of %i pages", (initial, maximum) => {
    const { buffer } = create(initial, maximum);
    expect(Object.isFrozen(buffer)).toBe(true);
    expect(Object.isExtensible(buffer)).toBe(false);
    expect(Reflect.ownKeys(buffer)).toEqual([]);
    expect(buffer.growable).toBe(false);
    expect(buffer.maxByteLength).toBe(initial * PAGE);
  });

  test.each(sizes)("is the same object each time: %i of %i pages", (initial, maximum) => {
    const memory = create(initial, maximum);
    const { buffer } = memory;
    new Uint8Array(buffer).fill(7);
    expect(memory.buffer).toBe(buffer);
  });

  testIfReferenceHas(
    referenceHas.address,
    "is a frozen SharedArrayBuffer, with 64-bit addresses",
    ADDRESS,
    () => {
      const memory = create64(1n, 4n);
      const { buffer } = memory;
      expect(buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(Object.isFrozen(buffer)).toBe(true);
      expect(buffer.byteLength).toBe(PAGE);
      expect(memory.buffer).toBe(buffer);
    },
  );

  test("is zero at first, and keeps written bytes", () => {
    const memory = create(1, 1);
    expect(bytesOf(memory).every((byte) => byte === 0)).toBe(true);
    Atomics.store(new Int32Array(memory.buffer), PAGE / 4 - 1, 7);
    expect(Atomics.load(new Int32Array(memory.buffer), PAGE / 4 - 1)).toBe(7);
  });
});

test("a shared memory is extensible", () => {
  const memory = create(1, 1);
  expect(Object.isExtensible(memory)).toBe(true);
  memory.note = "mine";
  expect(memory.note).toBe("mine");
});

describe("grow() of a shared memory", () => {
  test.each([
    [0, 1],
    [0, 3],
    [1, 1],
    [3, 2],
    [1, 65_535],
  ])("returns the old size and creates a new buffer: %i pages and %i more", (initial, delta) => {
    const memory = create(initial, initial + delta);
    const old = memory.buffer;
    expect(memory.grow(delta)).toBe(initial);
    expect(memory.buffer).not.toBe(old);
    expect(memory.buffer).toBe(memory.buffer);
    expect(memory.buffer.byteLength).toBe((initial + delta) * PAGE);
    expect(old.byteLength).toBe(initial * PAGE);
  });

  test.each([0, 1])("by 0 creates a new buffer of the same length: %i pages", (initial) => {
    const memory = create(initial, 2);
    const old = memory.buffer;
    expect(memory.grow(0)).toBe(initial);
    expect(memory.buffer).not.toBe(old);
    expect(memory.buffer.byteLength).toBe(initial * PAGE);
    expect(old.byteLength).toBe(initial * PAGE);
  });

  testIfReferenceHas(
    referenceHas.address,
    "counts in BigInts, with 64-bit addresses",
    "JS API, grow() steps 3 to 6",
    () => {
      const memory = create64(1n, 4n);
      const old = memory.buffer;
      expect(memory.grow(2n)).toBe(1n);
      expectError(() => memory.grow(2n), RangeError, "3n", "2n", "4n");
      expectError(() => memory.grow(1), TypeError, "delta", "1");
      expect([old.byteLength, pageCount(memory)]).toEqual([PAGE, 3]);
      new Uint8Array(old)[0] = 7;
      expect(bytesOf(memory)[0]).toBe(7);
    },
  );

  test("creates a frozen SharedArrayBuffer", () => {
    const memory = create(1, 2);
    memory.grow(1);
    expect(memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(Object.isFrozen(memory.buffer)).toBe(true);
  });

  test("keeps old buffers and their views attached, over the same bytes", () => {
    const memory = create(1, 3);
    const views = [bytesOf(memory)];
    for (const pages of [2, 3]) {
      memory.grow(1);
      views.push(bytesOf(memory));
      expect(pageCount(memory)).toBe(pages);
    }
    expect(views.map((view) => view.length / PAGE)).toEqual([1, 2, 3]);
    for (const [index, writer] of views.entries()) {
      writer[index] = index + 1;
      expect(views.map((reader) => reader[index])).toEqual(Array(3).fill(index + 1));
    }
    views[2][PAGE] = 9;
    expect(views.map((view) => view[PAGE])).toEqual([undefined, 9, 9]);
  });

  test("keeps the bytes, and adds zeros", () => {
    const memory = create(1, 3);
    bytesOf(memory).fill(7);
    memory.grow(2);
    const bytes = bytesOf(memory);
    expect(bytes.subarray(0, PAGE).every((byte) => byte === 7)).toBe(true);
    expect(bytes.subarray(PAGE).every((byte) => byte === 0)).toBe(true);
  });

  test("makes atomics of old and new views use the same words", () => {
    const memory = create(1, 2);
    const old = new Int32Array(memory.buffer);
    memory.grow(1);
    const words = new Int32Array(memory.buffer);
    expect(Atomics.add(old, 5, 2)).toBe(0);
    expect(Atomics.add(words, 5, 3)).toBe(2);
    expect(Atomics.load(old, 5)).toBe(5);
  });

  test("can be called while its argument is converted", () => {
    const memory = create(1, 6);
    const delta = {
      valueOf() {
        memory.grow(2);
        return 3;
      },
    };
    expect(memory.grow(delta)).toBe(3);
    expect(pageCount(memory)).toBe(6);
  });
});
