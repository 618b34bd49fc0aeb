"use strict";

// Loads the package, then replaces each global and each function or getter that a program can get at
// from the globals, and prints what all members do. To be run once for each way, and once for none.

const { Memory, Snapshot } = require("../..");

const OurError = EvalError;
const WAYS = {
  none: undefined,
  throws: () => {
    throw new OurError("replaced");
  },
  lies: () => 7,
  nothing: () => undefined,
};

// What this program itself uses, as it was.
const { ownKeys, getOwnPropertyDescriptor, defineProperty, getPrototypeOf } = Reflect;
const { stringify } = JSON;
const { log } = console;
const { apply } = Reflect;
const namespace = WebAssembly;

/** All objects that a program gets at from the globals, and their prototypes. */
function reachable() {
  const found = new Set();
  const visit = (value) => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null) return;
    if (value === process || found.has(value)) return;
    found.add(value);
    visit(getPrototypeOf(value));
    for (const key of ownKeys(value)) visit(getOwnPropertyDescriptor(value, key).value);
  };
  for (const key of ownKeys(globalThis)) {
    const { value } = getOwnPropertyDescriptor(globalThis, key);
    const isClass = typeof value === "function" && /^[A-Z]/.test(key);
    const isNamespace = ["Math", "Reflect", "JSON", "Atomics", "WebAssembly"].includes(key);
    if (isClass || isNamespace) visit(value);
  }
  const iterators = [[][Symbol.iterator](), new Map()[Symbol.iterator](), ""[Symbol.iterator]()];
  for (const iterator of iterators) visit(getPrototypeOf(iterator));
  visit(getPrototypeOf(async () => {}));
  for (const ours of [Memory, Memory.prototype, Snapshot, Snapshot.prototype]) found.delete(ours);
  return found;
}

/** Replaces everything; returns what puts it back. */
function replaceAll(replacement) {
  const undo = [];
  const skipped = new Set(["constructor", "prototype", "name", "length", "caller", "arguments"]);
  for (const object of reachable()) {
    for (const key of ownKeys(object)) {
      if (skipped.has(key)) continue;
      const descriptor = getOwnPropertyDescriptor(object, key);
      const isFunction = typeof descriptor.value === "function" || descriptor.get !== undefined;
      if (!isFunction || !descriptor.configurable) continue;
      undo.push([object, key, descriptor]);
    }
  }
  for (const key of ["Object", "Array", "Function"]) {
    const { prototype } = globalThis[key];
    for (const name of ["shared", "maximum", "hugePages", "value", "0"]) {
      if (name in prototype) continue;
      undo.push([prototype, name, undefined]);
    }
  }
  const globals = ownKeys(globalThis).filter(
    (key) => getOwnPropertyDescriptor(globalThis, key).configurable,
  );
  const saved = globals.map((key) => [key, getOwnPropertyDescriptor(globalThis, key)]);
  const { deleteProperty } = Reflect;
  const global = globalThis;
  for (let i = 0; i < undo.length; i++) {
    const { 0: object, 1: key, 2: descriptor } = undo[i];
    const isPollution = descriptor === undefined;
    const accessor = isPollution || descriptor.get !== undefined;
    const attributes = accessor
      ? { __proto__: null, get: replacement, set: replacement, configurable: true }
      : { __proto__: null, value: replacement, writable: true, configurable: true };
    defineProperty(object, key, attributes);
  }
  for (let i = 0; i < saved.length; i++) deleteProperty(global, saved[i][0]);
  return () => {
    for (let i = 0; i < saved.length; i++) {
      defineProperty(global, saved[i][0], { __proto__: null, ...saved[i][1] });
    }
    for (let i = 0; i < undo.length; i++) {
      const { 0: object, 1: key, 2: descriptor } = undo[i];
      if (descriptor === undefined) deleteProperty(object, key);
      else defineProperty(object, key, { __proto__: null, ...descriptor });
    }
  };
}

const EngineMemory = namespace.Memory;
const hosted = new EngineMemory({ initial: 1, maximum: 30 });
const withOwnLength = new EngineMemory({ initial: 1, maximum: 4 });
defineProperty(withOwnLength.buffer, "byteLength", { value: 7 });
const results = [];
let at = 0;
/** What a call returns or throws, as a text of its own. */
function note(name, action) {
  let outcome;
  try {
    outcome = action();
  } catch (error) {
    outcome = `throws ${error.message}`;
  }
  defineProperty(results, at++, {
    __proto__: null,
    value: { __proto__: null, name, outcome },
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

const FULL = { __proto__: null, initial: 1, maximum: 9, shared: false, hugePages: false };
const SHARED = { __proto__: null, initial: 1, maximum: 9, shared: true };
const LARGE = { __proto__: null, address: "i64", initial: 1n, maximum: 9n, shared: true };
const convertible = { __proto__: null, valueOf: () => 1.5 };

function useAll() {
  for (let i = 0; i < 3; i++) {
    const descriptor = i === 0 ? FULL : i === 1 ? SHARED : LARGE;
    const delta = i === 2 ? 1n : convertible;
    let memory, snapshot;
    note("new", () => ((memory = new Memory(descriptor)), "made"));
    note("grow", () => memory.grow(delta));
    note("type", () => memory.type());
    note("buffer", () => memory.buffer === memory.buffer);
    note("grow too far", () => memory.grow(i === 2 ? 2n ** 63n : 1e5));
    note("grow -1", () => memory.grow(i === 2 ? -1n : -1));
    note("discard", () => typeof memory.discard(0, 65_536));
    note("discard too much", () => memory.discard(0, 65_536 * 9));
    note("snapshot", () => (snapshot = memory.snapshot()).byteLength);
    note("restore", () => memory.restore(snapshot));
    note("restore none", () => memory.restore({}));
    note("from snapshot", () => Memory.from(snapshot).type());
    note("usage", () => memory.usage().committed);
    note("share", () => Memory.from(memory.share()) === memory);
    note("toFixedLengthBuffer", () => memory.toFixedLengthBuffer() === memory.buffer);
    note("toWebAssembly", () => Memory.from(memory.toWebAssembly()) === memory);
    note("close", () => memory.close());
    note("closed", () => memory.buffer);
  }
  note("hosted", () => Memory.from(hosted).type());
  note("hosted grow", () => Memory.from(hosted).grow(2));
  note("own length", () => Memory.from(withOwnLength).type());
  note("own length grow", () => Memory.from(withOwnLength).grow(2));
  note("none", () => Memory.from({ __proto__: null }));
  note("wrong options", () => new Memory(FULL, { __proto__: null, huge: 1 }));
  note("wrong descriptor", () => new Memory("text"));
  note("wrong initial", () => new Memory({ __proto__: null, initial: "text" }));
  note("receiver", () => apply(Memory.prototype.grow, {}, [1]));
}

const replacement = WAYS[process.argv[2]];
const restore = replacement === undefined ? () => {} : replaceAll(replacement);
useAll();
restore();
results.length = at;
log(stringify(results, (_, value) => (typeof value === "bigint" ? `${value}n` : value), 1));
