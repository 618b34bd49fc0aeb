"use strict";

// With linear-memory/register, memories that the engine creates are instances of `Memory`.

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
    "an earlier instance",
    async () => {
      undo();
      const instance = new WebAssembly.Instance(await compile(EXPORTER));
      undo = register();
      return instance;
    },
  ],
])("the memory that a module exports, by %s", (_, instantiate) => {
  test("has the prototype of Memory, and all its members", async () => {
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

  test("keeps its members after the undo", async () => {
    const { m } = (await instantiate()).exports;
    undo();
    expect(m.grow(1)).toBe(1);
    m.discard(0, PAGE);
    expect(Memory.from(m)).toBe(m);
  });
});

test("the getter of `exports` has the name and length of the original, which the undo restores", () => {
  const getter = () =>
    Object.getOwnPropertyDescriptor(WebAssembly.Instance.prototype, "exports").get;
  const ours = getter();
  expect([ours.name, ours.length]).toEqual(["get exports", 0]);
  expect(() => Reflect.apply(ours, {}, [])).toThrow(TypeError);
  undo();
  expect(getter()).not.toBe(ours);
});

test("an imported Memory that is exported again has the members of Memory", async () => {
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

test("a posted memory has the members of Memory, and once it is used its prototype", async () => {
  const flags = ["--require", path.join(__dirname, "..", "..", "register.js")];
  expect(await run("use-posted-memories.js", { flags })).toEqual({
    isInstance: true,
    minimum: 1,
    called: true,
    imported: true,
    frozen: PAGE,
  });
});

test("Memory.prototype has resizable buffers only if the engine's class has them, until the undo", () => {
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
