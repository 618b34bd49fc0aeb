"use strict";

// The class `WebAssembly.Memory` while linear-memory/register is in force.

const { execFile } = require("node:child_process");
const path = require("node:path");
const { promisify } = require("node:util");

const EngineMemory = WebAssembly.Memory;
const { Memory, features } = require("../..");
const { register } = require("../../lib/register/register");
const { collectGarbage } = require("../support/gc");
const { EXPORTER, instantiate } = require("../support/importing-module");
const { compile } = require("../support/wat");

const execute = promisify(execFile);

const PAGE = 65_536;

const root = path.join(__dirname, "..", "..");

let undo;

beforeEach(() => {
  undo = register();
});

afterEach(() => undo());

describe("WebAssembly.Memory", () => {
  test("is Memory", () => {
    expect(WebAssembly.Memory).toBe(Memory);
  });

  test("is Memory if registered by `import`, until it is undone", async () => {
    const program = `
      import undo from "linear-memory/register";
      import { Memory } from "linear-memory";
      console.log(WebAssembly.Memory === Memory);
      undo();
      console.log(WebAssembly.Memory === Memory);`;
    // A package can import itself by name.
    const args = ["--input-type=module", "--eval", program];
    const { stdout } = await execute(process.execPath, args, { cwd: root });
    expect(stdout).toBe("true\nfalse\n");
  });

  test("makes memories that have the members of Memory, and are engine memories, too", async () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 3 });
    expect(memory.type()).toEqual({ minimum: 1, maximum: 3, shared: false, address: "i32" });
    expect(memory.toWebAssembly()).toBe(memory);
    expect(Memory.from(memory)).toBe(memory);
    expect((await instantiate(memory)).m).toBe(memory);
    expect(() => memory.share()).toThrow(/^Memory\.share\(\)/);
    expect(() => memory.grow(3)).toThrow(/^Memory\.grow\(\): .* limit of 3$/);
    expect(() => new WebAssembly.Memory({ initial: -1 })).toThrow(/^Memory: initial/);
  });

  test("has one object a thread for all clones of a shared memory", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 3, shared: true });
    const clone = structuredClone(memory);
    expect(clone).not.toBe(memory);
    expect(Memory.from(clone)).toBe(memory);
    expect(Memory.from(memory.share())).toBe(memory);
    expect(Memory.from(structuredClone(memory.share()))).toBe(memory);
  });

  test("is collected together with the engine memory", async () => {
    const made = [];
    const make = () => {
      for (let i = 0; i < 10; i++) {
        const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: i % 2 === 0 });
        made.push(new WeakRef(memory.toWebAssembly()));
      }
    };
    make();
    await collectGarbage();
    expect(made.filter((reference) => reference.deref() !== undefined).length).toBe(0);
  });

  test("makes 64-bit memories; they are engine memories if the engine supports them", () => {
    for (const shared of [false, true]) {
      const memory = new WebAssembly.Memory({ initial: 1n, maximum: 2n, shared, address: "i64" });
      expect(memory.grow(1n)).toBe(1n);
      expect(memory.buffer.byteLength).toBe(2 * PAGE);
      if (features.memory64) {
        expect(memory.toWebAssembly()).toBe(memory);
      } else {
        expect(() => memory.toWebAssembly()).toThrow("address: this engine has no");
        // Neither is it an engine memory with 32-bit addresses.
        expect(() => Reflect.get(EngineMemory.prototype, "buffer", memory)).toThrow(TypeError);
      }
    }
  });

  test("reserves pages for memories that are too large for the engine", () => {
    const maximum = 2n ** 37n - 1n;
    const memory = new WebAssembly.Memory({ initial: 1n, maximum, address: "i64" });
    expect(memory.grow(1n)).toBe(1n);
    expect(memory.type()).toMatchObject({ minimum: 2n, maximum });
  });

  test("has exported memories as instances; a subclass does not", async () => {
    const { m } = new WebAssembly.Instance(await compile(EXPORTER)).exports;
    class Heap extends WebAssembly.Memory {}
    expect(Object.getPrototypeOf(m)).toBe(Memory.prototype);
    expect(m instanceof WebAssembly.Memory).toBe(true);
    expect(m instanceof Heap).toBe(false);
    expect(new Heap({ initial: 0 }) instanceof Heap).toBe(true);
    expect(new EngineMemory({ initial: 0 }) instanceof WebAssembly.Memory).toBe(true);
    expect(new EngineMemory({ initial: 0 }) instanceof Heap).toBe(false);
    undo();
    expect(m instanceof Memory).toBe(true);
    expect(new EngineMemory({ initial: 0 }) instanceof Memory).toBe(false);
  });

  test("has members that work on exported memories", async () => {
    const { m } = new WebAssembly.Instance(await compile(EXPORTER)).exports;
    const { type, toWebAssembly } = WebAssembly.Memory.prototype;
    const expected = { minimum: 1, maximum: 5, shared: false, address: "i32" };
    expect(Reflect.apply(type, m, [])).toEqual(expected);
    expect(Reflect.apply(toWebAssembly, m, [])).toBe(m);
    expect(Memory.from(m)).toBe(m);
    const other = new EngineMemory({ initial: 1 });
    undo();
    expect(m.grow(1)).toBe(1);
    expect(m.type()).toEqual({ ...expected, minimum: 2 });
    expect(Memory.from(m)).toBe(m);
    expect(() => Reflect.apply(type, other, [])).toThrow(/^Memory\.type\(\): expected a Memory/);
  });
});
