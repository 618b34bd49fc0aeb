"use strict";

// Loaded before a program, and after register.js: reports the memories of all instances in all
// threads to the test, through file descriptor 3, as lines of JSON.
//
//   import, export  an instance imports or exports a memory; `exports` identifies the module
//   size            the memory's state, at each "checkpoint" event that the program emits, and at exit

const fs = require("node:fs");
const vm = require("node:vm");
const { threadId } = require("node:worker_threads");

const { Memory } = require("../../..");
const native = require("../../../native");

const REPORT = 3;

const { Module, Instance, instantiate } = WebAssembly;

/** Each memory seen: its Memory, the engine memory if an instance exports it, and its first buffer. */
const seen = [];

WebAssembly.Instance = new Proxy(Instance, {
  construct(target, [module, imports]) {
    const instance = new target(module, imports);
    observe(module, imports, instance);
    return instance;
  },
});

WebAssembly.instantiate = async (source, imports) => {
  const result = await instantiate(source, imports);
  if (source instanceof Module) observe(source, imports, result);
  else observe(result.module, imports, result.instance);
  return result;
};

function observe(module, imports, instance) {
  const isOfKindMemory = ({ kind }) => kind === "memory";
  const exports = Module.exports(module).map(({ name }) => name);
  for (const { module: namespace, name } of Module.imports(module).filter(isOfKindMemory)) {
    report("import", see(imports[namespace][name]), { exports });
  }
  for (const { name } of Module.exports(module).filter(isOfKindMemory)) {
    report("export", see(instance.exports[name], instance.exports[name]), { exports });
  }
}

/** Adds a memory if it is new. `given` is the object that the program has: a Memory or an engine memory. */
function see(given, exported) {
  const memory = Memory.from(given);
  const known = seen.find((entry) => entry.memory === memory);
  if (known !== undefined) {
    known.exported ??= exported;
    return known;
  }
  const isOfPackage = memory === given;
  const entry = { number: seen.length, memory, isOfPackage, exported, firstBuffer: memory.buffer };
  seen.push(entry);
  return entry;
}

function report(event, { number, memory, isOfPackage, exported, firstBuffer }, more) {
  const { minimum, shared } = memory.type();
  const { buffer } = memory;
  const line = {
    event,
    thread: threadId,
    memory: number,
    isOfPackage,
    shared,
    address: native.address(new Uint8Array(buffer)),
    pages: minimum,
    bytes: buffer.byteLength,
    firstBytes: firstBuffer.byteLength,
    // Whether the exported engine memory, if there is one, has the same buffer.
    ...(exported !== undefined && { hasBufferOfInstance: buffer === bufferOf(exported) }),
    ...more,
  };
  fs.writeSync(REPORT, `${JSON.stringify(line)}\n`);
}

// The engine's own getter: WebAssembly.Memory is patched by now.
const { get } = Object.getOwnPropertyDescriptor(
  vm.runInNewContext("WebAssembly").Memory.prototype,
  "buffer",
);

const bufferOf = (engineMemory) => Reflect.apply(get, engineMemory, []);

const reportSizes = () => {
  for (const entry of seen) report("size", entry);
};

process.on("checkpoint", reportSizes);
process.on("exit", reportSizes);
