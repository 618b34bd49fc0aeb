"use strict";

// toFixedLengthBuffer() and toResizableBuffer(), and operations on their buffers.

const { isArrayBuffer } = require("node:util/types");

const {
  Memory,
  PAGE,
  isReference,
  hasDetachKeys,
  hasResizable,
  referenceHas,
  testIfReferenceHas,
  expectError,
  pageCount,
  bytesOf,
} = require("../support/subject");
const { thrownBy } = require("../support/thrown");
const { compile } = require("../support/wat");

const METHODS = ["toFixedLengthBuffer", "toResizableBuffer"];

/** Under linear-memory/register, the prototype has these methods only if the engine's class has them. */
const testMethods = (name, ...rest) =>
  "toResizableBuffer" in Memory.prototype || isReference
    ? testIfReferenceHas(referenceHas.resizable, name, ...rest)
    : test.skip(`${name} (needs the engine's own, if registered)`, () => {});

// The engine memories of Node.js 20 and 22 have no 64-bit addresses.
const has64 = !isReference || referenceHas.address;

/** Creates a memory of two pages and a maximum of four, with some bytes in it. */
function filled() {
  const memory = new Memory({ initial: 2, maximum: 4 });
  bytesOf(memory).set([1, 2, 3]);
  bytesOf(memory)[2 * PAGE - 1] = 9;
  return memory;
}

/** Expects the bytes of `filled()`, and zeros behind them. */
function expectFilled(memory, pages) {
  const bytes = bytesOf(memory);
  expect(pageCount(memory)).toBe(pages);
  expect(bytes.subarray(0, 4)).toEqual(Uint8Array.of(1, 2, 3, 0));
  expect(bytes[2 * PAGE - 1]).toBe(9);
  expect(bytes.subarray(2 * PAGE).every((byte) => byte === 0)).toBe(true);
}

/**
 * Expects a method of a buffer to throw a `Kind`, with `part` in its message unless the buffer is the
 * engine's. Compares names, since under Jest the engine's errors can be of another realm.
 */
function expectBufferError(body, Kind, part = "") {
  const error = thrownBy(body);
  expect(error.name).toBe(Kind.name);
  if (!hasResizable.shared) expect(error.message).toContain(part);
}

function expectDetached(buffer) {
  expect(buffer.byteLength).toBe(0);
  expectBufferError(() => new Uint8Array(buffer), TypeError);
}

/** Expects a number of pages of the buffer, and of type() if the class has it. */
function expectSize(memory, pages) {
  expect(pageCount(memory)).toBe(pages);
  if (!isReference || referenceHas.type) expect(memory.type().minimum).toBe(pages);
}

describe.each(METHODS)("%s()", (name) => {
  testMethods("is a method as WebIDL defines them", "V8 since 14", () => {
    const property = Object.getOwnPropertyDescriptor(Memory.prototype, name);
    expect(property).toMatchObject({ enumerable: true, configurable: true, writable: true });
    expect(property.value.name).toBe(name);
    expect(property.value).toHaveLength(0);
    expect(() => new property.value()).toThrow(TypeError);
  });

  testMethods("throws a TypeError on other receivers", "V8 since 14", () => {
    const method = Memory.prototype[name];
    const receivers = [undefined, null, 1, "", {}, Memory, Memory.prototype, new ArrayBuffer(1)];
    for (const receiver of receivers) {
      expectError(() => method.call(receiver), TypeError, `Memory.${name}()`);
    }
  });
});

describe("an unshared memory", () => {
  const testResizable = hasResizable.unshared ? test : test.skip;

  testMethods("has a buffer of fixed length at first", "V8 since 14", () => {
    const memory = filled();
    const { buffer } = memory;
    expect(buffer.resizable).toBe(false);
    expect(memory.toFixedLengthBuffer()).toBe(buffer);
    expect(memory.buffer).toBe(buffer);
    expectFilled(memory, 2);
  });

  testResizable("has a resizable buffer after toResizableBuffer() (if supported)", () => {
    const memory = filled();
    const before = memory.buffer;
    const buffer = memory.toResizableBuffer();
    expectDetached(before);
    expect(buffer).not.toBe(before);
    expect(isArrayBuffer(buffer)).toBe(true);
    expect(buffer.resizable).toBe(true);
    expect(buffer.byteLength).toBe(2 * PAGE);
    expect(buffer.maxByteLength).toBe(4 * PAGE);
    expect(Object.keys(buffer)).toEqual([]);
    expect(memory.buffer).toBe(buffer);
    expect(memory.toResizableBuffer()).toBe(buffer);
    expectFilled(memory, 2);
  });

  testResizable("can switch between both kinds of buffers repeatedly (if supported)", () => {
    const memory = filled();
    for (const pages of [2, 3, 4]) {
      const resizable = memory.toResizableBuffer();
      resizable.resize(pages * PAGE);
      const fixed = memory.toFixedLengthBuffer();
      expectDetached(resizable);
      expect(fixed.resizable).toBe(false);
      expect(memory.buffer).toBe(fixed);
      expect(memory.toFixedLengthBuffer()).toBe(fixed);
      expectFilled(memory, pages);
      expectSize(memory, pages);
    }
    expectError(() => memory.grow(1), RangeError, "Memory.grow()");
  });

  testResizable("cannot have a resizable buffer without a maximum (if supported)", () => {
    const memory = new Memory({ initial: 1 });
    const { buffer } = memory;
    const convert = () => memory.toResizableBuffer();
    expectError(convert, TypeError, "Memory.toResizableBuffer()", "maximum");
    expect(memory.buffer).toBe(buffer);
    expect(buffer.byteLength).toBe(PAGE);
  });

  testResizable.each([
    [0, 0],
    [0, 4],
    [3, 3],
    [1, 65_536],
  ])(
    "of %d pages and a maximum of %d can be resized to the maximum (if supported)",
    (initial, maximum) => {
      const memory = new Memory({ initial, maximum });
      const buffer = memory.toResizableBuffer();
      expect(buffer.byteLength).toBe(initial * PAGE);
      expect(buffer.maxByteLength).toBe(maximum * PAGE);
      const most = Math.min(maximum, 5);
      buffer.resize(most * PAGE);
      expectSize(memory, most);
      expectBufferError(() => buffer.resize((maximum + 1) * PAGE), RangeError);
      expect(memory.toFixedLengthBuffer()).not.toBe(buffer);
      expectDetached(buffer);
      expectSize(memory, most);
    },
  );

  // If resizable buffers are the engine's, 64-bit memories must be, too.
  const hasResizable64 = has64 && (referenceHas.address || !referenceHas.resizable);
  const test64 = hasResizable.unshared && hasResizable64 ? test : test.skip;

  test64("has a resizable buffer with 64-bit addresses (if both are supported)", () => {
    const memory = new Memory({ initial: 1n, maximum: 3n, address: "i64" });
    const buffer = memory.toResizableBuffer();
    expect(buffer.maxByteLength).toBe(3 * PAGE);
    expect(memory.grow(1n)).toBe(1n);
    buffer.resize(3 * PAGE);
    expect(memory.buffer).toBe(buffer);
    expect(buffer.byteLength).toBe(3 * PAGE);
  });

  describe("with a resizable buffer: grow()", () => {
    testResizable("lengthens it, and the views that track its length (if supported)", () => {
      const memory = filled();
      const buffer = memory.toResizableBuffer();
      const tracking = new Uint8Array(buffer);
      const fixed = new Uint8Array(buffer, PAGE, PAGE);
      expect(memory.grow(1)).toBe(2);
      expect(memory.buffer).toBe(buffer);
      expect(buffer.byteLength).toBe(3 * PAGE);
      expect(tracking.length).toBe(3 * PAGE);
      expect(fixed.length).toBe(PAGE);
      tracking[3 * PAGE - 1] = 5;
      expect(bytesOf(memory)[3 * PAGE - 1]).toBe(5);
      tracking[3 * PAGE - 1] = 0;
      expectFilled(memory, 3);
      expectSize(memory, 3);
    });

    testResizable("by 0 keeps it (if supported)", () => {
      const memory = filled();
      const buffer = memory.toResizableBuffer();
      expect(memory.grow(0)).toBe(2);
      expect(memory.buffer).toBe(buffer);
      expectFilled(memory, 2);
    });

    testResizable("beyond the maximum changes nothing (if supported)", () => {
      const memory = filled();
      const buffer = memory.toResizableBuffer();
      expectError(() => memory.grow(3), RangeError, "Memory.grow()", "3", "4");
      expect(memory.buffer).toBe(buffer);
      expectFilled(memory, 2);
    });
  });

  describe("with a resizable buffer: resize()", () => {
    testResizable("grows the memory by whole pages (if supported)", () => {
      const memory = filled();
      const buffer = memory.toResizableBuffer();
      const tracking = new Uint8Array(buffer);
      expect(buffer.resize.name).toBe("resize");
      expect(buffer.resize).toHaveLength(1);
      for (const pages of [2, 3, 3, 4]) {
        expect(buffer.resize(pages * PAGE)).toBeUndefined();
        expect(memory.buffer).toBe(buffer);
        expect(tracking.length).toBe(pages * PAGE);
        expectSize(memory, pages);
        expectFilled(memory, pages);
      }
      expectError(() => memory.grow(1), RangeError);
    });

    testResizable.each([
      ["a string", `${3 * PAGE}`],
      ["a fraction, truncated", 3 * PAGE + 0.5],
      ["an object", { valueOf: () => 3 * PAGE }],
      ["an object by Symbol.toPrimitive", { [Symbol.toPrimitive]: () => 3 * PAGE }],
    ])("accepts %s (if supported)", (_, length) => {
      const memory = filled();
      memory.toResizableBuffer().resize(length);
      expectFilled(memory, 3);
    });

    testResizable.each([
      ["a shorter length", PAGE, RangeError],
      ["undefined", undefined, RangeError],
      ["NaN", NaN, RangeError],
      ["two pages and a byte", 2 * PAGE + 1, RangeError],
      ["half a page more", 2.5 * PAGE, RangeError],
      ["more than the maximum", 5 * PAGE, RangeError],
      ["a negative length", -1, RangeError],
      ["infinity", Infinity, RangeError],
      ["2^53", 2 ** 53, RangeError],
      ["a BigInt", BigInt(3 * PAGE), TypeError],
      ["a symbol", Symbol("length"), TypeError],
      [
        "an object that cannot be converted",
        { valueOf: () => ({}), toString: () => ({}) },
        TypeError,
      ],
    ])("rejects %s (if supported)", (_, length, Kind) => {
      const memory = filled();
      const buffer = memory.toResizableBuffer();
      expectBufferError(() => buffer.resize(length), Kind, "ArrayBuffer.resize(): ");
      expect(memory.buffer).toBe(buffer);
      expectFilled(memory, 2);
      expectSize(memory, 2);
    });

    testResizable("passes on an exception of a conversion (if supported)", () => {
      const memory = filled();
      const buffer = memory.toResizableBuffer();
      const error = new Error("mine");
      const length = {
        valueOf() {
          throw error;
        },
      };
      expect(thrownBy(() => buffer.resize(length))).toBe(error);
      expectFilled(memory, 2);
    });

    testResizable("throws after the buffer is detached (if supported)", () => {
      const memory = filled();
      const buffer = memory.toResizableBuffer();
      const length = {
        valueOf() {
          memory.toFixedLengthBuffer();
          return 3 * PAGE;
        },
      };
      expectBufferError(() => buffer.resize(length), TypeError);
      expectBufferError(() => buffer.resize(3 * PAGE), TypeError);
      expectFilled(memory, 2);
    });

    testResizable("works on other resizable buffers (if supported)", () => {
      const memory = filled();
      const { resize } = memory.toResizableBuffer();
      const other = new ArrayBuffer(8, { maxByteLength: 16 });
      resize.call(other, 5);
      expect(other.byteLength).toBe(5);
      const second = filled();
      resize.call(second.toResizableBuffer(), 3 * PAGE);
      expectFilled(second, 3);
      for (const receiver of [undefined, {}, new ArrayBuffer(8), memory]) {
        expectBufferError(() => resize.call(receiver, 5), TypeError);
      }
      expectFilled(memory, 2);
    });
  });

  // Its [[ArrayBufferDetachKey]] is "WebAssembly.Memory": only the memory can detach it.
  describe("with a resizable buffer that only the memory can detach:", () => {
    const testTransfer =
      hasResizable.unshared && "transfer" in ArrayBuffer.prototype ? test : test.skip;

    testTransfer.each(["transfer", "transferToFixedLength"])(
      "%s() throws (if the engine has it)",
      (method) => {
        const memory = filled();
        const buffer = memory.toResizableBuffer();
        expect(buffer[method].name).toBe(method);
        expect(buffer[method]).toHaveLength(0);
        expectBufferError(() => buffer[method](), TypeError);
        expectBufferError(() => buffer[method](PAGE), TypeError);
        expect(memory.buffer).toBe(buffer);
        expectFilled(memory, 2);
        expect(buffer[method].call(new ArrayBuffer(3)).byteLength).toBe(3);
      },
    );

    // Without one of the two, Node.js cannot be kept from detaching the buffer.
    const isProtected =
      hasDetachKeys || (!isReference && require("../..").features.handoff === "v8");
    const testClone = hasResizable.unshared && isProtected ? test : test.skip;

    testClone("structuredClone() does not transfer it (if supported; needs V8's hand-off)", () => {
      const memory = filled();
      const buffer = memory.toResizableBuffer();
      const clone = () => structuredClone(buffer, { transfer: [buffer] });
      if ("transfer" in ArrayBuffer.prototype) expect(clone).toThrow();
      else expect(clone().byteLength).toBe(2 * PAGE); // Node.js 20 copies
      expect(memory.buffer).toBe(buffer);
      expectFilled(memory, 2);
    });
  });

  const testHosted = hasResizable.shared ? test : test.skip;

  testHosted(
    "with a resizable buffer is lengthened by a module's memory.grow (if the buffer is the engine's)",
    async () => {
      const memory = filled();
      const buffer = memory.toResizableBuffer();
      const module = await compile(`(module
      (import "js" "mem" (memory 1 4))
      (func (export "grow") (result i32) (memory.grow (i32.const 1))))`);
      const mem = isReference ? memory : memory.toWebAssembly();
      const { exports } = new WebAssembly.Instance(module, { js: { mem } });
      expect(exports.grow()).toBe(2);
      expect(memory.buffer).toBe(buffer);
      expect(buffer.byteLength).toBe(3 * PAGE);
      buffer.resize(4 * PAGE);
      expect(exports.grow()).toBe(-1);
      expectFilled(memory, 4);
    },
  );
});

describe("a shared memory", () => {
  const testGrowable = hasResizable.shared ? test : test.skip;

  function shared() {
    const memory = new Memory({ initial: 2, maximum: 4, shared: true });
    bytesOf(memory).set([1, 2, 3]);
    bytesOf(memory)[2 * PAGE - 1] = 9;
    return memory;
  }

  testMethods("has a buffer of fixed length at first", "V8 since 14", () => {
    const memory = shared();
    const { buffer } = memory;
    expect(memory.toFixedLengthBuffer()).toBe(buffer);
    expect(memory.buffer).toBe(buffer);
  });

  testGrowable(
    "has a growable buffer after toResizableBuffer() (if the engine supports it)",
    () => {
      const memory = shared();
      const before = memory.buffer;
      const buffer = memory.toResizableBuffer();
      expect(buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(buffer.growable).toBe(true);
      expect(buffer.maxByteLength).toBe(4 * PAGE);
      expect(before.byteLength).toBe(2 * PAGE);
      expect(memory.buffer).toBe(buffer);
      expect(memory.toResizableBuffer()).toBe(buffer);
      buffer.grow(3 * PAGE);
      expectSize(memory, 3);
      expect(memory.grow(1)).toBe(3);
      expect(memory.buffer).toBe(buffer);
      expectFilled(memory, 4);
      expectBufferError(() => buffer.grow(4 * PAGE + 1), RangeError);
      const fixed = memory.toFixedLengthBuffer();
      expect(fixed.growable).toBe(false);
      expect(memory.buffer).toBe(fixed);
      expectFilled(memory, 4);
      expect(before.byteLength).toBe(2 * PAGE);
    },
  );
});
