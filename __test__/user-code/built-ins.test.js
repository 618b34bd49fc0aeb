"use strict";

// What a program does to built-ins after it has loaded the package, and what the package makes of
// engines and realms that are not like the usual one.

const { execFile } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { promisify } = require("node:util");
const v8 = require("node:v8");
const vm = require("node:vm");

const { Memory } = require("../..");
const { bundle } = require("../../scripts/bundle");
const { runForText } = require("../support/run-fixture");

const execute = promisify(execFile);
const root = path.join(__dirname, "..", "..");

// As it is published: within it, modules are not loaded by Node's loader, which a program can break.
describe.each([
  ["with register", true],
  ["without register", false],
])(
  "members do the same after all globals, prototypes and functions of Node, %s",
  (_, isRegistered) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));
    const flags = isRegistered ? ["--require", path.join(folder, "register.js")] : [];
    const addon = fs.readdirSync(root).find((name) => name.endsWith(".node"));
    const env = { LINEAR_MEMORY_ADDON: process.env.LINEAR_MEMORY_ADDON ?? path.join(root, addon) };
    const outcomes = (way) =>
      runForText("use-all-with-replaced-built-ins.js", { flags, args: [folder, way], env });
    let expected;

    beforeAll(async () => {
      bundle(folder);
      expected = await outcomes("none");
    });
    afterAll(() => fs.rmSync(folder, { recursive: true }));

    test.each([
      ["throw", "throws"],
      ["return a number", "lies"],
      ["return nothing", "nothing"],
    ])("%s", async (_, way) => {
      expect(await outcomes(way)).toBe(expected);
      expect(expected).toContain('"made"');
    });
  },
);

test("a hosted memory's buffer with a length of its own does not change its size", () => {
  const hosted = new WebAssembly.Memory({ initial: 1, maximum: 4 });
  Object.defineProperty(hosted.buffer, "byteLength", { value: 7 });
  const memory = Memory.from(hosted);
  expect(memory.type().minimum).toBe(1);
  expect(memory.grow(1)).toBe(1);
});

describe("no serializer takes", () => {
  const memory = new Memory({ initial: 1 });
  class Derived extends Memory {}

  test.each([
    ["a memory", memory],
    ["one of a subclass", new Derived({ initial: 1 })],
    ["a snapshot", memory.snapshot()],
    ["a closed memory", closed()],
  ])("%s", (_, value) => {
    expect(() => v8.serialize(value)).toThrow("could not be cloned");
    expect(() => structuredClone({ deep: [value] })).toThrow("could not be cloned");
    expect(Reflect.ownKeys(value)).toEqual([]);
    expect(Object.isExtensible(value)).toBe(true);
  });

  function closed() {
    const made = new Memory({ initial: 1 });
    made.close();
    return made;
  }
});

describe("new.target", () => {
  const context = vm.createContext({});

  /** The package in a realm of its own, with the same addon. */
  function load() {
    const modules = new Map();
    const run = (file) => {
      if (file.endsWith("native.js")) return require("../../native");
      if (!modules.has(file)) {
        const module = { exports: {} };
        modules.set(file, module);
        const text = `(function (module, require) {${fs.readFileSync(file, "utf8")}\n})`;
        const requireFrom = (name) =>
          name.startsWith(".")
            ? run(require.resolve(path.resolve(path.dirname(file), name)))
            : require(name);
        context.process = process;
        vm.runInContext(text, context)(module, requireFrom);
      }
      return modules.get(file).exports;
    };
    return run(path.join(root, "index.js"));
  }

  test("without a prototype of another realm: that realm's, if the package is there", () => {
    const theirs = vm.runInContext("(function F() {})", context);
    theirs.prototype = null;
    const make = (newTarget) =>
      Object.getPrototypeOf(Reflect.construct(Memory, [{ initial: 1 }], newTarget));
    expect(make(theirs)).toBe(Memory.prototype);
    const other = load();
    expect(other.Memory.prototype).not.toBe(Memory.prototype);
    expect(make(theirs)).toBe(other.Memory.prototype);
    const ours = function () {};
    ours.prototype = 1;
    expect(make(ours)).toBe(Memory.prototype);
    expect(make(FinalizationRegistry)).toBe(FinalizationRegistry.prototype);
  });

  test("is asked for its prototype once, after the descriptor", () => {
    const log = [];
    const newTarget = new Proxy(Memory, {
      get(target, key) {
        log.push(key);
        return Reflect.get(target, key);
      },
    });
    const descriptor = {
      get initial() {
        log.push("initial");
        return 1;
      },
    };
    Reflect.construct(Memory, [descriptor], newTarget);
    expect(log).toEqual(["initial", "prototype"]);
  });
});

test("without WebAssembly, loading says so", async () => {
  const program = `try { require(${JSON.stringify(root)}); } catch (error) { console.log(error.code); }`;
  const { stdout } = await execute(process.execPath, ["--jitless", "--eval", program]);
  expect(stdout).toBe("ERR_LINEAR_MEMORY_NO_WEBASSEMBLY\n");
});

describe("options that are ours alone", () => {
  test("are refused if they are misspelt", () => {
    const make = (options) => () => new Memory({ initial: 1 }, options);
    expect(make({ hugepages: true })).toThrow(TypeError);
    expect(make({ hugepages: true })).toThrow(/"hugepages".*hugePages/);
    expect(make({ hugePages: false, [Symbol("other")]: 1 })).not.toThrow();
    expect(make(Object.create({ other: 1 }))).not.toThrow();
    const snapshot = new Memory({ initial: 1 }).snapshot();
    expect(() => Memory.from(snapshot, { maximun: 3 })).toThrow(/"maximun".*maximum, shared/);
    expect(new Memory({ initial: 1, other: 2 }).type().minimum).toBe(1);
  });

  test("are converted before anything is made of a snapshot", () => {
    const snapshot = new Memory({ initial: 1, maximum: 2 }).snapshot();
    const log = [];
    const options = {
      get shared() {
        log.push("shared");
        throw new EvalError("shared");
      },
      get maximum() {
        log.push("maximum");
        return { valueOf: () => log.push("converted") };
      },
    };
    expect(() => Memory.from(snapshot, options)).toThrow(EvalError);
    expect(log).toEqual(["maximum", "converted", "shared"]);
  });
});

test.each([
  ["grow()", (memory, value) => memory.grow(value)],
  ["discard(), as the offset", (memory, value) => memory.discard(value, 0)],
  ["discard(), as the length", (memory, value) => memory.discard(0, value)],
])("closed while an argument is converted: %s", (_, call) => {
  const memory = new Memory({ initial: 1 });
  const value = { valueOf: () => (memory.close(), 0) };
  expect(() => call(memory, value)).toThrow(/the memory is closed$/);
});
