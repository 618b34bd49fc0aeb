"use strict";

// linear-memory/register: the programs that it is for do what they did without it, and see nothing of
// it but the members of `Memory`; and it can be undone.

const { execFile } = require("node:child_process");
const { once } = require("node:events");
const path = require("node:path");
const { promisify } = require("node:util");
const vm = require("node:vm");
const { Worker } = require("node:worker_threads");

const EngineMemory = WebAssembly.Memory;
const { Memory, features } = require("../..");
const { register } = require("../../lib/register/register");
const { collectGarbage } = require("../support/gc");
const { runForText } = require("../support/run-fixture");
const { compile, toBinary } = require("../support/wat");

const execute = promisify(execFile);

const PAGE = 65_536;

const file = path.join(__dirname, "..", "..", "register.js");

let undo;

beforeEach(() => {
  undo = register();
});

afterEach(() => undo());

const bytesOf = (memory) => new Uint8Array(memory.buffer);

const IMPORTER = (type) => `(module
  (memory (import "a" "b") ${type})
  (export "m" (memory 0))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))`;

const EXPORTER = '(module (memory (export "m") 1 5))';

async function instantiate(memory, type = "0") {
  return new WebAssembly.Instance(await compile(IMPORTER(type)), { a: { b: memory } }).exports;
}

/** A memory made before, so that its pages are ours. */
function makeReserved(descriptor, options) {
  undo();
  const memory = new Memory(descriptor, options);
  undo = register();
  return memory;
}

describe("an unmodified program prints the same, byte for byte:", () => {
  const parts = ["properties", "refusals", "reads", "instances", "memories", "threads"];

  test.each([...parts, "firstExample"])("%s", async (part) => {
    const program = (flags) => runForText("unmodified-program.js", { flags, args: [part] });
    const [with_, without] = await Promise.all([program(["--require", file]), program([])]);
    expect(with_).toBe(without);
    expect(without.length).toBeGreaterThan(2);
  });

  test("and that the first example of MDN sums up to 45", async () => {
    expect(
      await runForText("unmodified-program.js", { flags: ["-r", file], args: ["firstExample"] }),
    ).toBe("45\n");
  });
});

describe("WebAssembly.Memory", () => {
  test("is Memory", () => {
    expect(WebAssembly.Memory).toBe(Memory);
  });

  test("is Memory by import too, and the engine's again after the undo", async () => {
    const program = `
      import undo from "linear-memory/register";
      import { Memory } from "linear-memory";
      console.log(WebAssembly.Memory === Memory);
      undo();
      console.log(WebAssembly.Memory === Memory);`;
    // A package may import itself by name, as those that depend on it do.
    const args = ["--input-type=module", "--eval", program];
    const { stdout } = await execute(process.execPath, args, { cwd: path.dirname(file) });
    expect(stdout).toBe("true\nfalse\n");
  });

  test("has the members of ours, on what the engine takes for its own", async () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 3 });
    expect(memory.type()).toEqual({ minimum: 1, maximum: 3, shared: false, address: "i32" });
    expect(memory.toWebAssembly()).toBe(memory);
    expect(Memory.from(memory)).toBe(memory);
    expect((await instantiate(memory)).m).toBe(memory);
    expect(() => memory.share()).toThrow(/^Memory\.share\(\)/);
    expect(() => memory.grow(3)).toThrow(/^Memory\.grow\(\): .* limit of 3$/);
    expect(() => new WebAssembly.Memory({ initial: -1 })).toThrow(/^Memory: initial/);
  });

  test("is one object in a thread, for all copies of a shared memory", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 3, shared: true });
    const clone = structuredClone(memory);
    expect(clone).not.toBe(memory);
    expect(Memory.from(clone)).toBe(memory);
    expect(Memory.from(memory.share())).toBe(memory);
    expect(Memory.from(structuredClone(memory.share()))).toBe(memory);
  });

  test("is collected with what is the engine's of it", async () => {
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

  test("makes 64-bit memories, the engine's if it has them", () => {
    for (const shared of [false, true]) {
      const memory = new WebAssembly.Memory({ initial: 1n, maximum: 2n, shared, address: "i64" });
      expect(memory.grow(1n)).toBe(1n);
      expect(memory.buffer.byteLength).toBe(2 * PAGE);
      if (features.memory64) {
        expect(memory.toWebAssembly()).toBe(memory);
      } else {
        expect(() => memory.toWebAssembly()).toThrow("address: this engine has no");
        // Nor is it one of the engine's with 32-bit addresses to who asks the engine.
        expect(() => Reflect.get(EngineMemory.prototype, "buffer", memory)).toThrow(TypeError);
      }
    }
  });

  test("makes those that are too large for the engine, of our pages", () => {
    const maximum = 2n ** 37n - 1n;
    const memory = new WebAssembly.Memory({ initial: 1n, maximum, address: "i64" });
    expect(memory.grow(1n)).toBe(1n);
    expect(memory.type()).toMatchObject({ minimum: 2n, maximum });
  });

  test("has as instances what modules export, and a subclass has not", async () => {
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

  test("lends its members to what modules export", async () => {
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

describe("a memory of our pages", () => {
  const WAYS = [
    [
      "new Instance",
      async (bytes, imports) => new WebAssembly.Instance(new WebAssembly.Module(bytes), imports),
    ],
    [
      "instantiate(), of a module",
      (bytes, imports) => WebAssembly.instantiate(new WebAssembly.Module(bytes), imports),
    ],
    [
      "instantiate(), of bytes",
      async (bytes, imports) => (await WebAssembly.instantiate(bytes, imports)).instance,
    ],
    [
      "instantiateStreaming()",
      async (bytes, imports) => {
        const headers = { "content-type": "application/wasm" };
        const response = new Response(bytes, { headers });
        return (await WebAssembly.instantiateStreaming(response, imports)).instance;
      },
    ],
  ];

  describe.each(WAYS)("in the imports of %s", (_, way) => {
    test.each([
      ["as it is", (b) => ({ a: { b } })],
      ["in frozen objects", (b) => Object.freeze({ a: Object.freeze({ b }) })],
      [
        "behind getters",
        (b) => ({
          get a() {
            return {
              get b() {
                return b;
              },
            };
          },
        }),
      ],
      ["inherited", (b) => Object.create({ a: Object.create({ b }) })],
      ["of functions", (b) => Object.assign(() => {}, { a: Object.assign(() => {}, { b }) })],
    ])("is taken %s, with its bytes", async (_, importsOf) => {
      const memory = makeReserved({ initial: 2, maximum: 9 });
      bytesOf(memory)[PAGE] = 42;
      const { exports } = await way(await toBinary(IMPORTER("2 9")), importsOf(memory));
      expect(exports.load(PAGE)).toBe(42);
      bytesOf(memory)[PAGE + 1] = 43;
      expect(exports.load(PAGE + 1)).toBe(43);
      expect(exports.m).toBe(memory.toWebAssembly());
      expect(Memory.from(exports.m)).toBe(memory);
    });

    test("is refused with what toWebAssembly() says, and stays as it was", async () => {
      const maximum = 2n ** 37n - 1n;
      const memory = makeReserved({ initial: 1n, maximum, address: "i64" });
      const { buffer } = memory;
      const attempt = way(await toBinary(IMPORTER("1")), { a: { b: memory } });
      await expect(attempt).rejects.toThrow(TypeError);
      await expect(attempt).rejects.toThrow(/^Memory\.toWebAssembly\(\)/);
      expect(memory.buffer).toBe(buffer);
    });
  });

  const testHuge = features.hugePages ? test : test.skip;
  testHuge("is what asks for huge pages, until it is imported (needs huge pages)", async () => {
    const memory = new WebAssembly.Memory({ initial: 1 }, { hugePages: true });
    expect(Object.getPrototypeOf(memory)).toBe(Memory.prototype);
    bytesOf(memory)[3] = 33;
    const { load, m } = await instantiate(memory);
    expect(load(3)).toBe(33);
    expect(m).not.toBe(memory);
  });

  test("is imported as the engine's that it was made from", async () => {
    const { m } = new WebAssembly.Instance(await compile(EXPORTER)).exports;
    expect((await instantiate(Memory.from(m))).m).toBe(m);
  });
});

describe("undoing", () => {
  /** All own properties of what register() may touch, in order. */
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

  test("puts all properties back as they were", () => {
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

  test("is the same function until it is called", () => {
    expect(register()).toBe(undo);
    expect(require("../../register")).toBe(undo);
    expect(require("../../register.js")).toBe(undo);
  });

  test("leaves another registration alone", () => {
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

  test("leaves memories working", async () => {
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

  test("leaves what another has replaced, and is without effect beneath it", async () => {
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

  test("is done at once where something cannot be replaced", async () => {
    const printed = await runForText("register-when-frozen.js");
    expect(printed).toMatch(/^TypeError: /);
    expect(printed).toMatch(/\n0 replaced\n$/);
  });
});

describe("other realms and threads:", () => {
  test("a realm of its own is left alone", () => {
    expect(vm.runInNewContext("WebAssembly.Memory")).not.toBe(Memory);
    const theirs = vm.runInNewContext("new WebAssembly.Memory({ initial: 1 })");
    expect(theirs instanceof WebAssembly.Memory).toBe(false);
    expect(Memory.from(theirs).grow(1)).toBe(1);
  });

  test.each([
    ["with --require it is registered", ["--require", file], true],
    ["without, it is not", [], false],
  ])("a worker is a thread of its own: %s", async (_, execArgv, expected) => {
    const text = `
      const { parentPort, workerData } = require("node:worker_threads");
      const { memory, root } = workerData;
      const { Memory } = require(root);
      Memory.from(memory).grow(1);
      parentPort.postMessage({
        isRegistered: WebAssembly.Memory === Memory,
        isInstance: memory instanceof WebAssembly.Memory,
      });`;
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
    const workerData = { memory, root: path.dirname(file) };
    const worker = new Worker(text, { eval: true, execArgv, workerData });
    const [[message]] = await Promise.all([once(worker, "message"), once(worker, "exit")]);
    expect(message).toEqual({ isRegistered: expected, isInstance: true });
    expect(memory.buffer.byteLength).toBe(2 * PAGE);
  });

  test("a worker inherits --require", async () => {
    expect(await runForText("inherit-register.js", { flags: ["--require", file] })).toBe("true\n");
    expect(await runForText("inherit-register.js")).toBe("false\n");
  });
});
