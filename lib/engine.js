"use strict";

// The engine's own WebAssembly.Memory: made, recognised, and asked for its type, which it does not
// tell. The class is taken when this loads, before anyone can replace it.

const { isSharedArrayBuffer: isShared } = require("node:util/types");

const { PAGE } = require("./convert");
const { sizeLimit } = require("./descriptor");

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

/** The type of a memory of the engine's. */
function typeOf(memory) {
  const address = addressOf(memory);
  const shared = isShared(bufferOf(memory));
  return { address, shared, maximum: maximumOf(memory, { address, shared }) };
}

/** The address type of a memory of the engine's. Node 22 runs modules with 64-bit ones, too. */
function addressOf(memory) {
  const address = "i64";
  if (!validate(moduleThatImports({ address }))) return "i32";
  // Only a memory with a maximum can be shared, and a module must then name one.
  const shared = isShared(bufferOf(memory));
  const maximum = shared ? sizeLimit({ address }) : undefined;
  return canImport(memory, { address, shared, maximum }) ? address : "i32";
}

/** The smallest maximum under which a module can import the memory; undefined if it has none. */
function maximumOf(memory, type) {
  let low = bufferOf(memory).byteLength / PAGE;
  let high = sizeLimit(type);
  if (!canImport(memory, { ...type, maximum: high })) return undefined;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (canImport(memory, { ...type, maximum: middle })) high = middle;
    else low = middle + 1;
  }
  return high;
}

function canImport(memory, type) {
  try {
    new Instance(new Module(moduleThatImports(type)), { "": { "": memory } });
    return true;
  } catch (error) {
    if (error instanceof LinkError) return false;
    throw error;
  }
}

const MODULE_HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const IMPORT_SECTION = 2;
const MEMORY_IMPORT = 2;

/** A module that imports a memory of that type as "" of "", and does nothing else. */
function moduleThatImports({ address, shared = false, maximum }) {
  const flags = (maximum === undefined ? 0 : 1) | (shared ? 2 : 0) | (address === "i64" ? 4 : 0);
  const limits = maximum === undefined ? [flags, 0] : [flags, 0, ...leb128(maximum)];
  const imports = [1, 0, 0, MEMORY_IMPORT, ...limits];
  return Uint8Array.from([...MODULE_HEADER, IMPORT_SECTION, imports.length, ...imports]);
}

function leb128(number) {
  const bytes = [];
  for (; number >= 128; number = Math.floor(number / 128)) bytes.push((number % 128) | 128);
  bytes.push(number);
  return bytes;
}

module.exports = {
  EngineMemory,
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
  typeOf,
  addressOf,
};
