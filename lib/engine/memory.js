"use strict";

// The engine's own WebAssembly.Memory: made, recognised, grown. It and the rest of the engine's API are
// taken when this loads, before anyone can replace them.

const {
  ArrayBufferPrototypeGetByteLength,
  BigInt,
  Error,
  FunctionPrototypeSymbolHasInstance,
  Number,
  ObjectGetOwnPropertyDescriptor,
  RangeError,
  ReflectApply,
  SharedArrayBufferPrototypeGetByteLength,
  WebAssembly,
} = require("../built-ins/primordials");
const { isSharedArrayBuffer: isShared } = require("../built-ins/node");

if (WebAssembly === undefined) {
  const error = new Error(
    "linear-memory: this engine runs without WebAssembly, as it does with --jitless",
  );
  error.code = "ERR_LINEAR_MEMORY_NO_WEBASSEMBLY";
  throw error;
}

const { Memory: EngineMemory, Module, Instance, LinkError, validate } = WebAssembly;
const { grow: growMemory, toFixedLengthBuffer, toResizableBuffer } = EngineMemory.prototype;
const { get: getBuffer } = ObjectGetOwnPropertyDescriptor(EngineMemory.prototype, "buffer");

/** A new memory of the engine's; 32-bit where it has no 64-bit ones. Throws what the engine does. */
function create({ address, initial, maximum, shared }) {
  if (!is64({ address })) return new EngineMemory({ __proto__: null, initial, maximum, shared });
  return new EngineMemory({
    __proto__: null,
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
  return ReflectApply(getBuffer, memory, []);
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

const interruptible = { __proto__: null, valueOf: () => 0 };

/** The length of a buffer, shared or not. A program can give a buffer a `byteLength` of its own. */
function byteLengthOf(buffer) {
  return isShared(buffer)
    ? SharedArrayBufferPrototypeGetByteLength(buffer)
    : ArrayBufferPrototypeGetByteLength(buffer);
}

/** Pages before. Throws what the engine does. */
function grow(memory, type, delta) {
  return Number(ReflectApply(growMemory, memory, [is64(type) ? BigInt(delta) : delta]));
}

/** Whether the engine's class makes resizable buffers: those of V8 13.6 do with a flag, later ones always. */
const hasResizable = toResizableBuffer !== undefined;

/** The buffer that is resizable from then on. Throws what the engine does. */
function makeResizable(memory) {
  return ReflectApply(toResizableBuffer, memory, []);
}

/** The buffer that is of fixed length from then on. */
function makeFixed(memory) {
  return ReflectApply(toFixedLengthBuffer, memory, []);
}

/** Whether the engine's class takes the BigInts of that type. */
function is64({ address }) {
  return address === "i64" && has64();
}

/** Returns whether the engine's class has memories of that type, whether or not it has room for one. */
function supports({ address }) {
  return address === "i32" || has64();
}

let has64Known;

/** Whether the engine's class makes memories with 64-bit addresses. */
function has64() {
  return (has64Known ??= makes64());
}

function makes64() {
  try {
    new EngineMemory({ __proto__: null, address: "i64", initial: 0n, maximum: 0n });
    return true;
  } catch (error) {
    // Refused for want of memory, it is still taken.
    return FunctionPrototypeSymbolHasInstance(RangeError, error);
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
  byteLengthOf,
  grow,
  hasResizable,
  makeResizable,
  makeFixed,
  supports,
  has64,
};
