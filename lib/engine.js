"use strict";

// The engine's own WebAssembly.Memory: made, recognised, grown. It and the rest of the engine's API are
// taken when this loads, before anyone can replace them.

const { isSharedArrayBuffer: isShared } = require("node:util/types");

const { Memory: EngineMemory, Module, Instance, LinkError, validate } = WebAssembly;
const { grow: growMemory, toFixedLengthBuffer, toResizableBuffer } = EngineMemory.prototype;
const { get: getBuffer } = Object.getOwnPropertyDescriptor(EngineMemory.prototype, "buffer");

/** A new memory of the engine's; 32-bit where it has no 64-bit ones. Throws what the engine does. */
function create({ address, initial, maximum, shared }) {
  if (!is64({ address })) return new EngineMemory({ initial, maximum, shared });
  return new EngineMemory({
    address,
    initial: BigInt(initial),
    maximum: maximum === undefined ? undefined : BigInt(maximum),
    shared,
  });
}

function isMemory(value) {
  try {
    bufferOf(value);
    return true;
  } catch {
    return false;
  }
}

function bufferOf(memory) {
  return Reflect.apply(getBuffer, memory, []);
}

/**
 * The buffer of a shared memory, as long as all threads have grown it by now.
 *
 * V8 tells a thread of what others have grown by an interrupt, which the thread takes where functions
 * begin and loops turn. Compiled code can come here from `Atomics.wait()`, or from a loop that waited,
 * without either, and would read the buffer of before. Of the function that a conversion calls, no
 * compiler makes a part of its caller: there, the interrupt is taken.
 */
function sharedBufferOf(memory) {
  +interruptible;
  return bufferOf(memory);
}

const interruptible = { valueOf: () => 0 };

/** Pages before. Throws what the engine does. */
function grow(memory, type, delta) {
  return Number(Reflect.apply(growMemory, memory, [is64(type) ? BigInt(delta) : delta]));
}

/** Whether the engine's class makes resizable buffers: those of V8 13.6 do with a flag, later ones always. */
const hasResizable = toResizableBuffer !== undefined;

/** The buffer that is resizable from then on. Throws what the engine does. */
function makeResizable(memory) {
  return Reflect.apply(toResizableBuffer, memory, []);
}

/** The buffer that is of fixed length from then on. */
function makeFixed(memory) {
  return Reflect.apply(toFixedLengthBuffer, memory, []);
}

/** Whether the engine's class takes the BigInts of that type. */
function is64({ address }) {
  return address === "i64" && has64();
}

let has64Known;

/** Whether the engine's class makes memories with 64-bit addresses. */
function has64() {
  return (has64Known ??= makes64());
}

function makes64() {
  try {
    new EngineMemory({ address: "i64", initial: 0n, maximum: 0n });
    return true;
  } catch (error) {
    // Refused for want of memory, it is still taken.
    return error instanceof RangeError;
  }
}

module.exports = {
  EngineMemory,
  Module,
  Instance,
  LinkError,
  validate,
  create,
  isMemory,
  isShared,
  bufferOf,
  sharedBufferOf,
  grow,
  hasResizable,
  makeResizable,
  makeFixed,
  has64,
};
