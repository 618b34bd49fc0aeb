"use strict";

// Loaded before a program, after what puts our class in the place of the engine's: tells the test
// through file descriptor 3, a line of JSON at a time, which memories the program's instances have,
// and what they are, in every thread.
//
//   import, export  an instance got a memory, or has one; `exports` tells which module it is of
//   size            what has become of it, at each "checkpoint" that the program emits, and at exit

const fs = require("node:fs");
const vm = require("node:vm");
const { threadId } = require("node:worker_threads");

const { Memory } = require("../../..");
const native = require("../../../native");

const REPORT = 3;

const { Module, Instance, instantiate } = WebAssembly;

/** Of each memory seen: ours, the engine's if an instance exports it, and its buffer at first. */
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
  const isMemory = ({ kind }) => kind === "memory";
  const exports = Module.exports(module).map(({ name }) => name);
  for (const { module: namespace, name } of Module.imports(module).filter(isMemory)) {
    report("import", see(imports[namespace][name]), { exports });
  }
  for (const { name } of Module.exports(module).filter(isMemory)) {
    report("export", see(instance.exports[name], instance.exports[name]), { exports });
  }
}

/** `given` is what the program has: an object of our class, or a memory of the engine's. */
function see(given, exported) {
  const memory = Memory.from(given);
  const known = seen.find((entry) => entry.memory === memory);
  if (known !== undefined) {
    known.exported ??= exported;
    return known;
  }
  const isOurs = memory === given;
  const entry = { number: seen.length, memory, isOurs, exported, firstBuffer: memory.buffer };
  seen.push(entry);
  return entry;
}

function report(event, { number, memory, isOurs, exported, firstBuffer }, more) {
  const { minimum, shared } = memory.type();
  const { buffer } = memory;
  const line = {
    event,
    thread: threadId,
    memory: number,
    isOurs,
    shared,
    address: native.address(new Uint8Array(buffer)),
    pages: minimum,
    bytes: buffer.byteLength,
    firstBytes: firstBuffer.byteLength,
    // Whether the instance's own memory, where it exports it, has the buffer that ours has.
    ...(exported !== undefined && { hasBufferOfInstance: buffer === bufferOf(exported) }),
    ...more,
  };
  fs.writeSync(REPORT, `${JSON.stringify(line)}\n`);
}

// The engine's own, whatever WebAssembly.Memory is by now.
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
