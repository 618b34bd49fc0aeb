"use strict";

// Constructing a Memory with another `new.target`.

const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

const { Memory } = require("../..");

const root = path.join(__dirname, "..", "..");

describe("new.target", () => {
  const context = vm.createContext({});

  /** Loads the package into another realm, with the same addon. */
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

  test("of another realm without a prototype uses that realm's Memory.prototype if the package is loaded there", () => {
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

  test("has its `prototype` read once, after the descriptor", () => {
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
