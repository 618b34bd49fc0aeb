"use strict";

// Uses what asks the kernel about this process's pages, in a process that has no /proc; prints what comes
// of each.

const fs = require("node:fs");

const { Memory, features } = require("../..");

const PAGE = 65_536;
const [, , file] = process.argv;

/** What `action` returns, or the error that it throws. */
function attempt(action) {
  try {
    return { result: action() };
  } catch ({ name, message }) {
    return { error: { name, message } };
  }
}

const filled = () => {
  const memory = new Memory({ initial: 4, maximum: 8 });
  new Uint8Array(memory.buffer, PAGE).fill(3);
  return memory;
};
const hosted = () => {
  const memory = filled();
  memory.toWebAssembly();
  return memory;
};
const firstBytes = (memory) =>
  Array.from({ length: memory.buffer.byteLength / PAGE }, (_, page) => {
    return new Uint8Array(memory.buffer)[page * PAGE];
  });

const outcomes = {
  discard: attempt(() => {
    const memory = filled();
    return [memory.discard(PAGE, PAGE), ...firstBytes(memory)];
  }),
  "discard in the engine": attempt(() => {
    const memory = hosted();
    return [memory.discard(PAGE, PAGE), ...firstBytes(memory)];
  }),
  usage: attempt(() => {
    const { committed, resident } = filled().usage();
    return [committed, resident];
  }),
  "usage in the engine": attempt(() => hosted().usage()),
  snapshot: attempt(() => firstBytes(Memory.from(filled().snapshot()))),
  "snapshot over a snapshot": attempt(() => {
    const memory = Memory.from(filled().snapshot());
    new Uint8Array(memory.buffer)[0] = 9;
    return firstBytes(Memory.from(memory.snapshot()));
  }),
  "toResizableBuffer over a snapshot": attempt(() => {
    const memory = Memory.from(filled().snapshot());
    memory.toResizableBuffer();
    return firstBytes(memory);
  }),
  "open r+": attempt(() => {
    const memory = Memory.open(file, { mode: "r+", maximum: 8 });
    memory.grow(1);
    new Uint8Array(memory.buffer)[2 * PAGE] = 5;
    memory.flushSync();
    memory.close();
    return [...fs.readFileSync(file)].filter((byte, at) => at % PAGE === 0);
  }),
};
const { pageStates } = features;
console.log(JSON.stringify({ procIsThere: fs.existsSync("/proc/self"), pageStates, outcomes }));
