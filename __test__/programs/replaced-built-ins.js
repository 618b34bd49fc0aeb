"use strict";

// Loads the package, then replaces each global, each function or getter that a program can get at from
// the globals, and each function of some modules of Node's. Prints what all members do. To be run once for
// each way, and once for none. The first argument is the folder of the package.

const [, , folderOfPackage, way] = process.argv;
const { Memory, Snapshot, features } = require(folderOfPackage);

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
const fs = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const modules = ["fs", "url", "util", "os", "timers", "worker_threads", "buffer"];
const exported = modules.map((name) => require(`node:${name}`));
const { rmSync } = fs;

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
    // Node.js 20 itself uses these, in `structuredClone()` and `fileURLToPath()`.
    const isOfNode = /^(Message|Event|Broadcast|URL)/.test(String(key));
    const isClass = typeof value === "function" && /^[A-Z]/.test(String(key)) && !isOfNode;
    const isNamespace = ["Math", "Reflect", "JSON", "Atomics", "WebAssembly"].includes(key);
    if (isClass || isNamespace) visit(value);
  }
  const iterators = [[][Symbol.iterator](), new Map()[Symbol.iterator](), ""[Symbol.iterator]()];
  for (const iterator of iterators) visit(getPrototypeOf(iterator));
  visit(getPrototypeOf(async () => {}));
  for (const ours of [Memory, Memory.prototype, Snapshot, Snapshot.prototype]) found.delete(ours);
  return found;
}

// Members that objects of the package may lack, and those of what the addon returns.
const POLLUTION = [
  ...["shared", "maximum", "minimum", "initial", "address", "hugePages", "value", "0"],
  ...["fileOffset", "memory", "file", "isWritten"],
  ...["transfer", "bigint", "throwIfNoEntry", "cause", "maxByteLength"],
  ...["id", "buffer", "owner", "holder", "byteLength", "remains", "reserved", "committed", "flags"],
];

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
  for (const object of exported) {
    for (const key of ownKeys(object)) {
      const descriptor = getOwnPropertyDescriptor(object, key);
      const isFunction = typeof descriptor.value === "function" || descriptor.get !== undefined;
      if (isFunction && descriptor.configurable) undo.push([object, key, descriptor]);
    }
  }
  for (const key of ["Object", "Array", "Function"]) {
    const { prototype } = globalThis[key];
    for (const name of POLLUTION) {
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
// Node's loader itself does not get past what this program replaces.
const load = require(path.join(folderOfPackage, "core.js"));
for (const name of fs.readdirSync(path.join(__dirname, "..", "..", "lib"))) {
  if (name.endsWith(".js")) load(`lib/${name}`);
}
// Only from then on does the package have what it needs of node:worker_threads.
new Memory({ initial: 1 }).grow(1);

const folder = fs.mkdtempSync(path.join(require("node:os").tmpdir(), "linear-memory-"));
process.chdir(folder);
const { chdir } = process;
fs.writeFileSync("bytes", new Uint8Array(65_536 + 1).fill(5));
const names = {
  text: "bytes",
  bytes: Buffer.from("bytes"),
  url: pathToFileURL("bytes"),
  saved: pathToFileURL("saved"),
};
const { Uint8Array: Bytes } = globalThis;

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

const AT_MOST = { __proto__: null, initial: 1, maximum: 9 };

function useResizable() {
  for (let i = 0; i < 2; i++) {
    let memory, buffer;
    note("new", () => ((memory = new Memory(i === 0 ? AT_MOST : FULL)), "made"));
    note("toResizableBuffer", () => (buffer = memory.toResizableBuffer()) === memory.buffer);
    note("grow", () => memory.grow(1));
    // Not those of the prototype, which are the program's by now.
    const hasOwn = () => buffer && getOwnPropertyDescriptor(buffer, "resize") !== undefined;
    note("resize", () => hasOwn() && buffer.resize(65_536 * 3));
    note("resize back", () => hasOwn() && buffer.resize(65_536));
    note("type", () => memory.type());
    note("usage", () => memory.usage().committed);
    note("snapshot", () => Memory.from(memory.snapshot()).type());
    if (i === 0) note("toFixedLengthBuffer", () => memory.toFixedLengthBuffer() === buffer);
    note("toWebAssembly", () => Memory.from(memory.toWebAssembly()) === memory);
    note("close", () => memory.close());
  }
}

const READ = { __proto__: null, mode: "r", maximum: 9 };
const UPDATE = { __proto__: null, mode: "r+", maximum: 9 };
const WRITE = { __proto__: null, mode: "w+", initial: 1, maximum: 9 };
const MAKE = { __proto__: null, mode: "r+", initial: 2, maximum: 9, shared: true };
const MAPPED = { __proto__: null, fileOffset: 0, length: 65_536 };

function useFiles() {
  for (let i = 0; i < 4; i++) {
    const name = i === 3 ? "made" : i === 2 ? "written" : "bytes";
    const options = i === 3 ? MAKE : i === 2 ? WRITE : i === 1 ? UPDATE : READ;
    let memory;
    note("open", () => ((memory = Memory.open(name, options)), "opened"));
    note("byte", () => new Bytes(memory.buffer)[0]);
    note("grow", () => memory.grow(1));
    note("type", () => memory.type());
    note("flushSync", () => memory.flushSync());
    note("flushSync of a part", () => memory.flushSync(0, 65_536));
    noteLater("flush", () => memory.flush());
    note("discard", () => typeof memory.discard(0, 65_536));
    note("map", () => memory.map(0, "bytes"));
    note("share", () => Memory.from(memory.share()) === memory);
    note("toWebAssembly", () => Memory.from(memory.toWebAssembly()) === memory);
    note("grow", () => memory.grow(1));
    note("close", () => memory.close());
  }
  note("open none", () => Memory.open("none"));
  note("open a folder", () => Memory.open("."));
  note("open the wrong", () => Memory.open({ __proto__: null }));
  note("open by bytes", () => Memory.open(names.bytes).type());
  note("open by URL", () => Memory.open(names.url).type());
  for (let i = 0; i < 2; i++) {
    let memory, snapshot;
    note("new", () => ((memory = new Memory(i === 0 ? FULL : SHARED)), "made"));
    note("map", () => memory.map(0, "bytes"));
    note("map a part", () => memory.map(0, names.url, MAPPED));
    note("map too much", () => memory.map(65_536, "bytes"));
    note("byte", () => new Bytes(memory.buffer)[0]);
    note("grow", () => memory.grow(1));
    note("save", () => (snapshot = memory.snapshot()).save("saved"));
    note("save by URL", () => snapshot.save(names.saved));
    note("open snapshot", () => Memory.from(Snapshot.open("saved")).type());
    note("open by URL", () => Snapshot.open(names.saved).byteLength);
    note("open no snapshot", () => Snapshot.open("none"));
    note("open a folder", () => Snapshot.open("."));
    if (i === 0) note("toResizableBuffer", () => memory.toResizableBuffer() === memory.buffer);
    noteLater("wait for another value", () => memory.wait(0, 1));
    noteLater("wait in vain", () => memory.wait(1, new Int32(memory.buffer)[1], 1));
    noteLater("wait beyond", () => memory.wait(1e9, 0));
    note("notify", () => memory.notify(0, 3));
    note("close", () => memory.close());
  }
}

const { Int32Array: Int32 } = globalThis;

const promises = [];

/**
 * The same as `note`, for what returns a promise. How that ends is looked at when all is as it was: between
 * turns of the event loop, Node.js itself uses what is replaced.
 */
function noteLater(name, action) {
  let promise;
  note(name, () => typeof (promise = action()));
  defineProperty(promises, at, { __proto__: null, value: promise, enumerable: true });
}

const replacement = WAYS[way];
const isWithFiles = features.mappedFiles;

async function main() {
  const restore = replacement === undefined ? () => {} : replaceAll(replacement);
  useAll();
  useResizable();
  if (isWithFiles) useFiles();
  restore();
  for (const { value, reason } of await Promise.allSettled(promises)) {
    note("later", () => value ?? reason?.message);
  }
  chdir("/");
  rmSync(folder, { recursive: true });
  results.length = at;
  log(stringify(results, (_, value) => (typeof value === "bigint" ? `${value}n` : value), 1));
}

main();
