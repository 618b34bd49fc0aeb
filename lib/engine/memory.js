"use strict";

// The class WebAssembly.Memory of the engine: creates its memories, recognises them and grows them. It and
// the rest of the engine's API are taken when this loads, before a program can replace them.

const { setOwn } = require("../built-ins/errors");
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
  setOwn(error, "code", "ERR_LINEAR_MEMORY_NO_WEBASSEMBLY");
  throw error;
}

/**
 * @import { Bare } from "../built-ins/primordials"
 * @import { MemoryType, NewMemoryType } from "../webidl/descriptor"
 */

/**
 * The descriptor of an engine memory. With 64-bit addresses, it has BigInts.
 *
 * @typedef {object} EngineDescriptor
 * @property {"i32" | "i64"} [address]
 * @property {number | bigint} initial
 * @property {number | bigint | undefined} maximum
 * @property {boolean} [shared]
 */

/**
 * The members that not every engine has are undefined there.
 *
 * @typedef {object} EngineMembers
 * @property {(delta: number | bigint) => number | bigint} grow
 * @property {(() => ArrayBuffer) | undefined} toFixedLengthBuffer
 * @property {(() => ArrayBuffer) | undefined} toResizableBuffer
 */

const { Module, Instance, LinkError, validate } = WebAssembly;
const EngineMemory = /** @type {new (descriptor: Bare<EngineDescriptor>) => WebAssembly.Memory} */ (
  /** @type {unknown} */ (WebAssembly.Memory)
);
const {
  grow: growMemory,
  toFixedLengthBuffer,
  toResizableBuffer,
} = /** @type {EngineMembers} */ (/** @type {unknown} */ (EngineMemory.prototype));
const { get: getBuffer } = /** @type {{ get: () => ArrayBuffer | SharedArrayBuffer }} */ (
  ObjectGetOwnPropertyDescriptor(EngineMemory.prototype, "buffer")
);

/**
 * Creates an engine memory. If the engine has no 64-bit memories, it gets 32-bit addresses. Throws the engine's
 * error.
 *
 * @param {NewMemoryType} type
 */
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

/**
 * Returns whether a value is an engine memory, of any realm.
 *
 * @param {unknown} value
 * @returns {value is WebAssembly.Memory}
 */
function isMemory(value) {
  try {
    bufferOf(/** @type {WebAssembly.Memory} */ (value));
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns the buffer of an engine memory.
 *
 * @param {WebAssembly.Memory} memory
 * @returns {ArrayBuffer | SharedArrayBuffer}
 */
function bufferOf(memory) {
  return ReflectApply(getBuffer, memory, []);
}

/**
 * Returns the buffer of a shared memory, as long as the memory is now, whichever thread has grown it.
 *
 * V8 informs a thread of growth in another one by an interrupt. The thread handles interrupts where functions
 * begin and loops turn. Optimized code can get here from `Atomics.wait()`, or from a loop that waited,
 * without passing either, and would read the buffer from before. No compiler inlines the function that a
 * conversion calls, so the interrupt is handled there.
 *
 * @param {WebAssembly.Memory} memory
 */
function sharedBufferOf(memory) {
  +interruptible;
  return bufferOf(memory);
}

const interruptible = { __proto__: null, valueOf: () => 0 };

/**
 * Returns the length of a buffer, shared or not. A program can give a buffer a `byteLength` of its own.
 *
 * @param {ArrayBuffer | SharedArrayBuffer} buffer
 */
function byteLengthOf(buffer) {
  return isShared(buffer)
    ? SharedArrayBufferPrototypeGetByteLength(buffer)
    : ArrayBufferPrototypeGetByteLength(buffer);
}

/**
 * Grows an engine memory. Returns the number of pages before; throws the engine's error.
 *
 * @param {WebAssembly.Memory} memory
 * @param {MemoryType} type
 * @param {number} delta
 */
function grow(memory, type, delta) {
  return Number(ReflectApply(growMemory, memory, [is64(type) ? BigInt(delta) : delta]));
}

/** Whether engine memories have resizable buffers: from V8 13.6 on with a flag, later without one. */
const hasResizable = toResizableBuffer !== undefined;

/**
 * Makes the buffer of an engine memory resizable, if `hasResizable` is true, and returns the new buffer. Throws
 * the engine's error.
 *
 * @param {WebAssembly.Memory} memory
 */
function makeResizable(memory) {
  return ReflectApply(/** @type {() => ArrayBuffer} */ (toResizableBuffer), memory, []);
}

/**
 * Gives an engine memory a buffer of fixed length, if `hasResizable` is true.
 *
 * @param {WebAssembly.Memory} memory
 */
function makeFixedLength(memory) {
  ReflectApply(/** @type {() => ArrayBuffer} */ (toFixedLengthBuffer), memory, []);
}

/**
 * Returns whether engine memories of that type take BigInts.
 *
 * @param {Pick<MemoryType, "address">} type
 */
function is64({ address }) {
  return address === "i64" && has64();
}

/**
 * Returns whether there are engine memories of that type, whether or not there is room for one.
 *
 * @param {Pick<MemoryType, "address">} type
 */
function supports({ address }) {
  return address === "i32" || has64();
}

/** @type {boolean | undefined} */
let isKnownToHave64;

/** Returns whether there are engine memories with 64-bit addresses. */
function has64() {
  return (isKnownToHave64 ??= creates64());
}

function creates64() {
  try {
    new EngineMemory({ __proto__: null, address: "i64", initial: 0n, maximum: 0n });
    return true;
  } catch (error) {
    // The engine takes the type, but has no memory left.
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
  makeFixedLength,
  supports,
  has64,
};
