"use strict";

// linear-memory/register: memories that the engine makes while it is in force are `Memory`s.

const path = require("node:path");

const EngineMemory = WebAssembly.Memory;
const hasResizable = "toResizableBuffer" in EngineMemory.prototype;
const { Memory, features } = require("../..");
const { register } = require("../../lib/register/register");
const { run } = require("../support/run-fixture");
const { compile, toBinary } = require("../support/wat");

const PAGE = 65_536;
const EXPORTER = '(module (memory (export "m") 1 5) (func (export "f")))';
const IMPORTER = '(module (memory (import "a" "b") 0) (export "m" (memory 0)))';

let undo;

beforeEach(() => {
  undo = register();
});

afterEach(() => undo());

describe.each([
  ["new Instance", async () => new WebAssembly.Instance(await compile(EXPORTER))],
  ["instantiate(), of a module", async () => WebAssembly.instantiate(await compile(EXPORTER))],
  [
    "instantiate(), of bytes",
    async () => (await WebAssembly.instantiate(await toBinary(EXPORTER))).instance,
  ],
  [
    "an instance from before",
    async () => {
      undo();
      const instance = new WebAssembly.Instance(await compile(EXPORTER));
      undo = register();
      return instance;
    },
  ],
])("the memory that a module exports, by %s", (_, instantiate) => {
  test("has our prototype, and its own store", async () => {
    const { m } = (await instantiate()).exports;
    expect(Object.getPrototypeOf(m)).toBe(WebAssembly.Memory.prototype);
    expect(WebAssembly.Memory).toBe(Memory);
    expect(Memory.from(m)).toBe(m);
    expect(m.toWebAssembly()).toBe(m);
    new Uint8Array(m.buffer)[7] = 7;
    m.discard(0, PAGE);
    expect(new Uint8Array(m.buffer)[7]).toBe(0);
    expect(m.type()).toEqual({ minimum: 1, maximum: 5, shared: false, address: "i32" });
  });

  test("works on after the undo", async () => {
    const { m } = (await instantiate()).exports;
    undo();
    expect(m.grow(1)).toBe(1);
    m.discard(0, PAGE);
    expect(Memory.from(m)).toBe(m);
  });
});

test("the getter of exports looks like the engine's, and is its again after the undo", () => {
  const getter = () =>
    Object.getOwnPropertyDescriptor(WebAssembly.Instance.prototype, "exports").get;
  const ours = getter();
  expect([ours.name, ours.length]).toEqual(["get exports", 0]);
  expect(() => Reflect.apply(ours, {}, [])).toThrow(TypeError);
  undo();
  expect(getter()).not.toBe(ours);
});

test("the exported memory of a Memory that is another object has our members, too", async () => {
  undo();
  const memory = new Memory({ initial: 1, maximum: 4 });
  undo = register();
  const { m } = new WebAssembly.Instance(await compile(IMPORTER), { a: { b: memory } }).exports;
  expect(m).not.toBe(memory);
  expect(Object.getPrototypeOf(m)).toBe(Memory.prototype);
  expect(Memory.from(m)).toBe(memory);
  expect(m.grow(1)).toBe(1);
  undo();
  expect(m.grow(1)).toBe(2);
  expect(memory.type().minimum).toBe(3);
});

test("a memory that was posted has our members, and our prototype once it is used", async () => {
  const flags = ["--require", path.join(__dirname, "..", "..", "register.js")];
  expect(await run("use-posted-memories.js", { flags })).toEqual({
    isInstance: true,
    minimum: 1,
    called: true,
    imported: true,
    frozen: PAGE,
  });
});

test("what the engine's class lacks is not there to be found", () => {
  for (const member of ["toFixedLengthBuffer", "toResizableBuffer"]) {
    expect(member in WebAssembly.Memory.prototype).toBe(hasResizable);
    expect(member in new WebAssembly.Memory({ initial: 1, maximum: 2 })).toBe(hasResizable);
    undo();
    expect(member in Memory.prototype).toBe(true);
    undo = register();
  }
  undo();
  const memory = new Memory({ initial: 1, maximum: 2 });
  if (features.resizableBuffers.unshared) expect(memory.toResizableBuffer().resizable).toBe(true);
});

describe("two copies", () => {
  /** Another copy of the package, with the same addon. */
  function copy() {
    let other;
    jest.isolateModules(() => {
      const { register: registerOther } = require("../../lib/register/register");
      other = { register: registerOther, Memory: require("../..").Memory };
    });
    return other;
  }

  const places = () => [
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
    const before = places();
    const other = copy();
    expect(other.Memory).not.toBe(Memory);
    const undos = [register(), other.register()];
    expect(WebAssembly.Memory).toBe(other.Memory);
    for (const index of order) undos[index]();
    for (const [index, place] of places().entries()) expect(place).toBe(before[index]);
  });

  test("are undone after one was registered again between", () => {
    undo();
    const before = places();
    const other = copy();
    const first = register();
    const second = other.register();
    first();
    const third = register();
    expect(WebAssembly.Memory).toBe(Memory);
    second();
    expect(WebAssembly.Memory).toBe(Memory);
    third();
    for (const [index, place] of places().entries()) expect(place).toBe(before[index]);
  });
});
