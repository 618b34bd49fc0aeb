"use strict";

// Links buffers as heaps of asm.js modules, and then calls what would detach them; prints what came of
// each call. In a process of its own: V8 ends the process if a buffer is detached that cannot be.

const { Memory, features } = require("../..");

const PAGE = 65_536;

function Module(stdlib, foreign, heap) {
  "use asm";
  // eslint-disable-next-line no-var -- asm.js has no other declarations
  var bytes = new stdlib.Uint8Array(heap);
  function load(at) {
    at = at | 0;
    return bytes[at >> 0] | 0;
  }
  return { load: load };
}

function link(buffer) {
  const { load } = Module(globalThis, {}, buffer);
  if (load(PAGE) !== 7) throw new Error("the module reads other bytes");
}

const calls = {
  "grow(0)": (memory) => memory.grow(0),
  "grow(1)": (memory) => memory.grow(1),
  "toWebAssembly()": (memory) => memory.toWebAssembly(),
  "toResizableBuffer()": (memory) => memory.toResizableBuffer(),
  "toFixedLengthBuffer()": (memory) => memory.toFixedLengthBuffer(),
  "close()": (memory) => memory.close(),
};

/** The members that detach the buffer of a memory of each kind. */
const kinds = {
  reserved: [
    (memory) => memory.buffer,
    ["grow(0)", "grow(1)", "toWebAssembly()", "toResizableBuffer()", "close()"],
  ],
  // Only V8 before 12 takes a resizable buffer as a heap.
  resizable: [
    (memory) => memory.toResizableBuffer(),
    ["toFixedLengthBuffer()", "toWebAssembly()", "close()"],
  ],
};

function attempt(kind, member) {
  const memory = new Memory({ initial: 2, maximum: 4 });
  const buffer = kinds[kind][0](memory);
  new Uint8Array(buffer, PAGE, 1)[0] = 7;
  link(buffer);
  let error;
  try {
    calls[member](memory);
  } catch ({ name, message }) {
    error = { name, message };
  }
  if (error === undefined) return { kind, member };
  const bytes = new Uint8Array(memory.buffer);
  bytes[0] = 8;
  const isUnchanged = memory.buffer === buffer && memory.type().minimum === 2 && bytes[PAGE] === 7;
  return { kind, member, error, isUnchanged, usage: memory.usage().committed };
}

const outcomes = Object.entries(kinds).flatMap(([kind, [, members]]) =>
  members.map((member) => attempt(kind, member)),
);
console.log(JSON.stringify({ handoff: features.handoff, outcomes }));
