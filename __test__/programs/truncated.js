"use strict";

// Files that somebody truncates while they are mapped: one case a process, which prints what it saw.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");

const { Memory } = require("../..");
const { compile } = require("../support/wat");

const PAGE = 65_536;

const [scenario, file] = process.argv.slice(2);
fs.writeFileSync(file, Buffer.alloc(4 * PAGE, 1));

const bytesOf = (memory) => new Uint8Array(memory.buffer);
/** By another process. */
const truncate = (length) => execFileSync("truncate", ["-s", String(length), file]);

/** What the next calls throw, each by its name. */
function errorsOf(calls) {
  const messages = {};
  for (const [name, call] of Object.entries(calls)) {
    try {
      call();
      messages[name] = "nothing thrown";
    } catch (error) {
      messages[name] = `${error.name}: ${error.message}`;
    }
  }
  return messages;
}

/** What a program may do with a memory whose file was truncated below what `bytes` are of. */
function loseAndUse(memory) {
  const bytes = bytesOf(memory);
  bytes[2 * PAGE] = 9;
  truncate(PAGE);
  const read = [bytes[PAGE - 1], bytes[PAGE], bytes[2 * PAGE], bytes[4 * PAGE - 1]];
  bytes[3 * PAGE] = 5;
  return {
    read,
    stored: bytes[3 * PAGE],
    errors: errorsOf({
      buffer: () => memory.buffer,
      grow: () => memory.grow(0),
      type: () => memory.type(),
      snapshot: () => memory.snapshot(),
      usage: () => memory.usage(),
      toWebAssembly: () => memory.toWebAssembly(),
      flushSync: () => memory.flushSync(),
    }),
    closes: errorsOf({ close: () => memory.close(), again: () => memory.buffer }),
    size: fs.statSync(file).size,
  };
}

const loading = `(module (memory (import "m" "m") 1)
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))`;

const scenarios = {
  read: () => loseAndUse(Memory.open(file)),
  written: () => loseAndUse(Memory.open(file, { mode: "r+" })),
  shared: () => loseAndUse(Memory.open(file, { mode: "r+", shared: true, maximum: 8 })),
  mapped() {
    const memory = new Memory({ initial: 4 });
    memory.map(0, file);
    return loseAndUse(memory);
  },
  moved() {
    const memory = Memory.open(file, { mode: "r+" });
    memory.toWebAssembly();
    return loseAndUse(memory);
  },
  /** As many pages as there could be mappings, every other one of them. */
  scattered() {
    truncate(0);
    truncate(2 ** 30);
    const memory = Memory.open(file);
    const bytes = bytesOf(memory);
    truncate(0);
    let sum = 0;
    for (let at = 2 ** 30 - 4096; at > 0; at -= 8192) sum += bytes[at];
    return { sum, errors: errorsOf({ buffer: () => memory.buffer }) };
  },
  async wasm() {
    const memory = Memory.open(file);
    const m = memory.toWebAssembly();
    const { load } = new WebAssembly.Instance(await compile(loading), { m: { m } }).exports;
    const before = load(3 * PAGE);
    truncate(PAGE);
    const lost = [load(PAGE - 1), load(PAGE), load(3 * PAGE)];
    const traps = errorsOf({ beyond: () => load(4 * PAGE), far: () => load(-1) });
    return { before, lost, traps, errors: errorsOf({ buffer: () => memory.buffer }) };
  },
  /** What a later memory, maybe at the same addresses, has of it: nothing. */
  later() {
    const errors = [];
    for (let round = 0; round < 20; round++) {
      truncate(4 * PAGE);
      const memory = Memory.open(file, { mode: "r+", shared: round % 2 === 1, maximum: 8 });
      const bytes = bytesOf(memory);
      truncate(PAGE);
      bytes[2 * PAGE] = 1;
      errors.push(errorsOf({ buffer: () => memory.buffer }).buffer);
      memory.close();
      const next = Memory.open(file, { maximum: 8 });
      next.grow(4);
      bytesOf(next)[3 * PAGE] = 1;
      errors.push(errorsOf({ buffer: () => next.buffer }).buffer);
      next.close();
    }
    return { errors: [...new Set(errors)] };
  },
  /** A signal that somebody sends, with ours in place or not. */
  sent() {
    const memory = Memory.open(file);
    bytesOf(memory);
    process.kill(process.pid, "SIGBUS");
    for (;;);
  },
  sentWithoutMemory() {
    process.kill(process.pid, "SIGBUS");
    for (;;);
  },
  /** Handlers that were there before are still called; and ours still works after them. */
  async heard() {
    const heard = new Promise((resolve) => {
      process.on("SIGBUS", resolve);
    });
    const memory = Memory.open(file);
    process.kill(process.pid, "SIGBUS");
    const signal = await heard;
    truncate(0);
    return { signal, read: bytesOf(memory)[PAGE] };
  },
};

async function main() {
  const result = await scenarios[scenario]();
  console.log(JSON.stringify(result));
  process.exit();
}

main();
