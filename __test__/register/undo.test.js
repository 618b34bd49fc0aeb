"use strict";

// The function that undoes linear-memory/register.

const EngineMemory = WebAssembly.Memory;
const { Memory } = require("../..");
const { register } = require("../../lib/register/register");
const { runForText } = require("../support/run-fixture");
const { IMPORTER, instantiate } = require("../support/importing-module");
const { compile } = require("../support/wat");

let undo;

beforeEach(() => {
  undo = register();
});

afterEach(() => undo());

const bytesOf = (memory) => new Uint8Array(memory.buffer);

/** Creates a memory while nothing is registered, so that its pages are reserved. */
function makeReserved(descriptor, options) {
  undo();
  const memory = new Memory(descriptor, options);
  undo = register();
  return memory;
}

describe("undoing", () => {
  /** Returns all own properties of the objects that register() changes, in order. */
  function everything() {
    const objects = {
      WebAssembly,
      "WebAssembly.Instance.prototype": WebAssembly.Instance.prototype,
      "engine's Memory": EngineMemory,
      "engine's Memory.prototype": EngineMemory.prototype,
      Memory,
      "Memory.prototype": Memory.prototype,
    };
    return Object.entries(objects).flatMap(([name, object]) =>
      Reflect.ownKeys(object).map((key) => [
        name,
        key,
        Object.getOwnPropertyDescriptor(object, key),
      ]),
    );
  }

  function expectSame(now, before) {
    expect(now.map(([name, key]) => [name, key])).toEqual(before.map(([name, key]) => [name, key]));
    for (const [index, [name, key, descriptor]] of before.entries()) {
      for (const attribute of Object.keys(descriptor)) {
        const isSame = Object.is(now[index][2][attribute], descriptor[attribute]);
        expect([name, key, attribute, isSame]).toEqual([name, key, attribute, true]);
      }
    }
  }

  test("restores all properties, in their order", () => {
    undo();
    const before = everything();
    undo = register();
    const removed = "toResizableBuffer" in EngineMemory.prototype ? 0 : 2;
    expect(everything().length).toBe(before.length - removed);
    undo();
    expectSame(everything(), before);
    undo();
    expectSame(everything(), before);
  });

  test("is one function until it is called", () => {
    expect(register()).toBe(undo);
    expect(require("../../register")).toBe(undo);
    expect(require("../../register.js")).toBe(undo);
  });

  test("does not undo a later registration", () => {
    const first = undo;
    first();
    undo = register();
    expect(undo).not.toBe(first);
    first();
    expect(WebAssembly.Memory).toBe(Memory);
    expect(register()).toBe(undo);
    const memory = new WebAssembly.Memory({ initial: 1 });
    expect(memory.toWebAssembly()).toBe(memory);
  });

  test("keeps memories working", async () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 9, shared: true });
    bytesOf(memory)[5] = 55;
    undo();
    expect(memory.grow(1)).toBe(1);
    expect(memory).toBeInstanceOf(Memory);
    expect(memory.type()).toMatchObject({ minimum: 2, maximum: 9 });
    expect(Memory.from(structuredClone(memory))).toBe(memory);
    expect((await instantiate(memory, "1 9 shared")).load(5)).toBe(55);
    expect(new Memory({ initial: 1 }).toWebAssembly()).toBeInstanceOf(EngineMemory);
    await expect(instantiate(new Memory({ initial: 1 }))).rejects.toThrow(WebAssembly.LinkError);
  });

  test("keeps a replacement that a program has put over its own, which then does nothing", async () => {
    undo();
    const engine = WebAssembly.instantiate;
    undo = register();
    const ours = WebAssembly.instantiate;
    const theirs = (...args) => ours(...args);
    WebAssembly.instantiate = theirs;
    try {
      const module = await compile(IMPORTER("0"));
      const first = makeReserved({ initial: 1 });
      expect(WebAssembly.instantiate).not.toBe(theirs);
      await WebAssembly.instantiate(module, { a: { b: first } });
      undo();
      expect(WebAssembly.instantiate).toBe(theirs);
      expect(WebAssembly.Memory).toBe(EngineMemory);
      const second = new Memory({ initial: 1 });
      const attempt = WebAssembly.instantiate(module, { a: { b: second } });
      await expect(attempt).rejects.toThrow(WebAssembly.LinkError);
      await WebAssembly.instantiate(module, { a: { b: second.toWebAssembly() } });
    } finally {
      WebAssembly.instantiate = engine;
    }
  });

  test("happens at once if a property cannot be replaced", async () => {
    const printed = await runForText("register-when-frozen.js");
    expect(printed).toMatch(/^TypeError: /);
    expect(printed).toMatch(/\n0 replaced\n$/);
  });
});

describe("two registered copies of the package", () => {
  /** Loads another copy of the package, with the same addon. */
  function copy() {
    let other;
    jest.isolateModules(() => {
      const { register: registerOther } = require("../../lib/register/register");
      other = { register: registerOther, Memory: require("../..").Memory };
    });
    return other;
  }

  const replaced = () => [
    WebAssembly.Memory,
    WebAssembly.Instance,
    WebAssembly.instantiate,
    WebAssembly.instantiateStreaming,
    EngineMemory.prototype.constructor,
    Object.getPrototypeOf(EngineMemory.prototype),
    Object.getOwnPropertyDescriptor(WebAssembly.Instance.prototype, "exports").get,
    WebAssembly.Instance.prototype.constructor,
  ];

  test.each([
    ["the same order", [0, 1]],
    ["the other order", [1, 0]],
  ])("are undone in %s", (_, order) => {
    undo();
    const before = replaced();
    const other = copy();
    expect(other.Memory).not.toBe(Memory);
    const undos = [register(), other.register()];
    expect(WebAssembly.Memory).toBe(other.Memory);
    for (const index of order) undos[index]();
    for (const [index, value] of replaced().entries()) expect(value).toBe(before[index]);
  });

  test("are undone if one is registered again in between", () => {
    undo();
    const before = replaced();
    const other = copy();
    const first = register();
    const second = other.register();
    first();
    const third = register();
    expect(WebAssembly.Memory).toBe(Memory);
    second();
    expect(WebAssembly.Memory).toBe(Memory);
    third();
    for (const [index, value] of replaced().entries()) expect(value).toBe(before[index]);
  });
});
