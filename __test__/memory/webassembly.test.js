"use strict";

// Modules and reserved pages: toWebAssembly() and Memory.from().

const { Memory, features } = require("../..");
const native = require("../../native");
const { collectGarbage } = require("../support/gc");
const { protectionAt } = require("../support/proc");
const { compile } = require("../support/wat");

const PAGE = 65_536;

/** A module that loads from, stores to and grows the memory that it imports as "m" of "m". */
const IMPORTER = (type) => `(module
  (memory (import "m" "m") ${type})
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "size") (result i32) (memory.size))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`;

const EXPORTER = `(module
  (memory (export "memory") 1 5)
  (data (i32.const 10) "hello")
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`;

async function instantiate(memory, type = "0") {
  const module = await compile(IMPORTER(type));
  return new WebAssembly.Instance(module, { m: { m: memory.toWebAssembly() } }).exports;
}

const bytes = (memory) => new Uint8Array(memory.buffer);

const address = (memory) => native.address(bytes(memory));

describe("Memory.from() refuses", () => {
  test.each([
    ["undefined", undefined],
    ["null", null],
    ["a number", 5],
    ["a string", "memory"],
    ["an empty object", {}],
    ["a function", () => {}],
    ["a buffer", new ArrayBuffer(PAGE)],
    ["an object with the members of a memory", { buffer: new ArrayBuffer(PAGE), grow() {} }],
    ["an object with the prototype of a memory", Object.create(WebAssembly.Memory.prototype)],
    ["a token without an id", { type: {} }],
    ["a token of an unknown memory", { id: 2 ** 40, type: { address: "i64", shared: true } }],
    ["a token whose id is not a number", { id: NaN, type: { address: "i64", shared: true } }],
  ])("%s", (_, source) => {
    expect(() => Memory.from(source)).toThrow(TypeError);
    expect(() => Memory.from(source)).toThrow("Memory.from()");
  });
});

describe("an unshared memory, after toWebAssembly()", () => {
  test("keeps its bytes, and the module writes to the same ones", async () => {
    const memory = new Memory({ initial: 2, maximum: 10 });
    bytes(memory)[PAGE] = 42;
    const before = memory.buffer;
    const { load, store } = await instantiate(memory, "1 10");
    expect(before.byteLength).toBe(0);
    expect(load(PAGE)).toBe(42);
    store(7, 99);
    expect(bytes(memory)[7]).toBe(99);
    bytes(memory)[8] = 100;
    expect(load(8)).toBe(100);
  });

  test("has one WebAssembly.Memory, with the same buffer", () => {
    const memory = new Memory({ initial: 1 });
    const engineMemory = memory.toWebAssembly();
    expect(engineMemory).toBeInstanceOf(WebAssembly.Memory);
    expect(memory.toWebAssembly()).toBe(engineMemory);
    expect(memory.buffer).toBe(engineMemory.buffer);
    expect(Memory.from(engineMemory)).toBe(memory);
    expect(Memory.from(memory)).toBe(memory);
  });

  test("grows by the module and by `grow()`", async () => {
    const memory = new Memory({ initial: 1, maximum: 4 });
    const { size, grow, store, load } = await instantiate(memory, "1 4");
    expect(grow(1)).toBe(1);
    expect(memory.buffer.byteLength).toBe(2 * PAGE);
    const between = memory.buffer;
    expect(memory.grow(1)).toBe(2);
    expect(between.byteLength).toBe(0);
    expect(size()).toBe(3);
    store(3 * PAGE - 1, 5);
    expect(bytes(memory)[3 * PAGE - 1]).toBe(5);
    expect(() => memory.grow(2)).toThrow(RangeError);
    expect(grow(2)).toBe(-1);
    expect(memory.type()).toEqual({ minimum: 3, maximum: 4, shared: false, address: "i32" });
    expect(() => load(3 * PAGE)).toThrow(WebAssembly.RuntimeError);
  });

  test("keeps its bytes and grows if it has no maximum", async () => {
    const memory = new Memory({ initial: 1 });
    memory.grow(3);
    bytes(memory)[4 * PAGE - 1] = 8;
    const { load, grow } = await instantiate(memory);
    expect(load(4 * PAGE - 1)).toBe(8);
    expect(grow(100)).toBe(4);
    expect(memory.type()).toEqual({ minimum: 104, shared: false, address: "i32" });
  });

  test.each([0, 1, 1024])("has the bytes of its %i pages", async (initial) => {
    const memory = new Memory({ initial });
    for (let page = 0; page < initial; page++) bytes(memory)[page * PAGE] = page % 251;
    const { load, size, grow } = await instantiate(memory);
    expect(size()).toBe(initial);
    for (let page = 0; page < initial; page++) expect(load(page * PAGE)).toBe(page % 251);
    expect(grow(1)).toBe(initial);
    expect(load(initial * PAGE)).toBe(0);
  });

  test("has moved pages, not copies: no page is resident twice", () => {
    const size = 256 * 2 ** 20;
    const memory = new Memory({ initial: size / PAGE });
    bytes(memory).fill(1);
    const { rss } = process.memoryUsage();
    memory.toWebAssembly();
    expect(process.memoryUsage().rss - rss).toBeLessThan(size / 4);
    expect(bytes(memory).every((byte) => byte === 1)).toBe(true);
  });

  test("keeps its old addresses mapped while a detached buffer is reachable", async () => {
    const memory = new Memory({ initial: 1 });
    const first = memory.buffer;
    const at = address(memory);
    memory.grow(1);
    memory.toWebAssembly();
    expect(address(memory)).not.toBe(at);
    await collectGarbage();
    expect(first.byteLength).toBe(0);
    expect(protectionAt(at)).toBe("rw-p");
  });

  test("has 64-bit addresses if the engine supports them, and is a TypeError otherwise", () => {
    const memory = new Memory({ initial: 2n, maximum: 5n, address: "i64" });
    bytes(memory)[PAGE] = 3;
    const { buffer } = memory;
    if (features.memory64) {
      expect(new Uint8Array(memory.toWebAssembly().buffer)[PAGE]).toBe(3);
      expect(memory.grow(1n)).toBe(2n);
    } else {
      expect(() => memory.toWebAssembly()).toThrow(TypeError);
      expect(() => memory.toWebAssembly()).toThrow(/Memory\.toWebAssembly\(\): address: .*"i64"/);
      expect(memory.buffer).toBe(buffer);
      expect(bytes(memory)[PAGE]).toBe(3);
    }
    expect(memory.type()).toMatchObject({ maximum: 5n, shared: false, address: "i64" });
  });

  test("is a TypeError if the engine rejects the maximum, and the memory is unchanged", () => {
    const memory = new Memory({ initial: 1n, maximum: 2n ** 37n - 1n, address: "i64" });
    const { buffer } = memory;
    expect(() => memory.toWebAssembly()).toThrow(TypeError);
    expect(memory.buffer).toBe(buffer);
    expect(memory.grow(1n)).toBe(1n);
  });

  test("grows in the engine if `valueOf` of `delta` calls toWebAssembly()", () => {
    const memory = new Memory({ initial: 1, maximum: 9 });
    const delta = {
      valueOf() {
        memory.toWebAssembly();
        return 2;
      },
    };
    expect(memory.grow(delta)).toBe(1);
    expect(memory.toWebAssembly().buffer.byteLength).toBe(3 * PAGE);
    expect(memory.buffer).toBe(memory.toWebAssembly().buffer);
  });
});

describe("Memory.from() of a memory that a module exports", () => {
  test("adopts it: the bytes and the growth are the same, and so is the object each time", async () => {
    const { exports } = new WebAssembly.Instance(await compile(EXPORTER));
    const memory = Memory.from(exports.memory);
    expect(memory).toBeInstanceOf(Memory);
    expect(Buffer.from(memory.buffer, 10, 5).toString()).toBe("hello");
    expect(Memory.from(exports.memory)).toBe(memory);
    expect(memory.toWebAssembly()).toBe(exports.memory);
    exports.grow(1);
    expect(memory.buffer.byteLength).toBe(2 * PAGE);
    expect(memory.grow(1)).toBe(2);
    expect(exports.memory.buffer.byteLength).toBe(3 * PAGE);
    expect(() => memory.grow(3)).toThrow("limit of 5");
    expect(memory.buffer.byteLength).toBe(3 * PAGE);
  });

  test.each([
    { initial: 0 },
    { initial: 3 },
    { initial: 0, maximum: 0 },
    { initial: 1, maximum: 1 },
    { initial: 1, maximum: 127 },
    { initial: 1, maximum: 128 },
    { initial: 1, maximum: 65_535 },
    { initial: 1, maximum: 65_536 },
    { initial: 0, maximum: 12_345, shared: true },
    { initial: 2, maximum: 2, shared: true },
  ])("finds out its type, which the engine does not expose: %j", (descriptor) => {
    const { initial, maximum, shared = false } = descriptor;
    expect(Memory.from(new WebAssembly.Memory(descriptor)).type()).toEqual({
      minimum: initial,
      ...(maximum !== undefined && { maximum }),
      shared,
      address: "i32",
    });
  });

  test("finds out its type if it has 64-bit addresses (if the engine runs such modules)", async () => {
    let exporter;
    try {
      exporter = await compile('(module (memory (export "m") i64 1 7))');
    } catch (error) {
      expect(error).toBeInstanceOf(WebAssembly.CompileError);
      expect(features.memory64).toBe(false);
      return;
    }
    const memory = Memory.from(new WebAssembly.Instance(exporter).exports.m);
    expect(memory.grow(2n)).toBe(1n);
    expect(memory.type()).toEqual({ minimum: 3n, maximum: 7n, shared: false, address: "i64" });
    expect(memory.toWebAssembly()).toBe(memory.toWebAssembly());
  });
});

describe("a shared memory, after toWebAssembly()", () => {
  test("stays in place: earlier buffers view the same bytes", async () => {
    const memory = new Memory({ initial: 1, maximum: 4, shared: true });
    const before = memory.buffer;
    const { store, grow } = await instantiate(memory, "1 4 shared");
    expect(memory.buffer).toBe(before);
    store(5, 55);
    expect(new Uint8Array(before)[5]).toBe(55);
    expect(grow(1)).toBe(1);
    expect(memory.buffer.byteLength).toBe(2 * PAGE);
    expect(before.byteLength).toBe(PAGE);
    expect(memory.grow(1)).toBe(2);
  });

  test("is a WebAssembly.Memory with 64-bit addresses only if the engine supports them", () => {
    const memory = new Memory({ initial: 1n, maximum: 2n, shared: true, address: "i64" });
    if (features.memory64) {
      expect(memory.toWebAssembly()).toBeInstanceOf(WebAssembly.Memory);
    } else {
      expect(() => memory.toWebAssembly()).toThrow(/Memory\.toWebAssembly\(\): address: /);
    }
    expect(memory.grow(1n)).toBe(1n);
    expect(memory.buffer.byteLength).toBe(2 * PAGE);
  });
});
