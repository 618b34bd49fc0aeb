"use strict";

// Finds the type of an engine memory, which not every engine reports: tries which modules can import it.

const { PAGE } = require("../webidl/convert");
const { sizeLimit } = require("../webidl/descriptor");
const {
  Module,
  Instance,
  LinkError,
  validate,
  isShared,
  bufferOf,
  byteLengthOf,
} = require("./memory");
/** @import { MemoryType } from "../webidl/descriptor" */

const {
  FunctionPrototypeSymbolHasInstance,
  MathFloor,
  Uint8Array,
} = require("../built-ins/primordials");

/**
 * Returns the type of an engine memory.
 *
 * @param {WebAssembly.Memory} memory
 * @returns {MemoryType}
 */
function typeOf(memory) {
  const address = addressOf(memory);
  const shared = isShared(bufferOf(memory));
  const maximum = maximumOf(memory, { address, shared, maximum: undefined });
  return { address, shared, maximum };
}

/**
 * Returns the address type of an engine memory. On Node.js 22, modules can have 64-bit memories, though
 * `new WebAssembly.Memory()` makes none.
 *
 * @param {WebAssembly.Memory} memory
 * @returns {"i32" | "i64"}
 */
function addressOf(memory) {
  const address = "i64";
  if (!validate(moduleThatImports({ address, shared: false, maximum: undefined }))) return "i32";
  // Only a memory with a maximum can be shared, and a module must then name one.
  const shared = isShared(bufferOf(memory));
  const maximum = shared ? sizeLimit({ address, maximum: undefined }) : undefined;
  return canImport(memory, { address, shared, maximum }) ? address : "i32";
}

/**
 * Returns the smallest maximum with which a module can import the memory, or undefined if it has none.
 *
 * @param {WebAssembly.Memory} memory
 * @param {MemoryType} type
 */
function maximumOf(memory, type) {
  let low = byteLengthOf(bufferOf(memory)) / PAGE;
  let high = sizeLimit(type);
  if (!canImport(memory, { ...type, maximum: high })) return undefined;
  while (low < high) {
    const middle = MathFloor((low + high) / 2);
    if (canImport(memory, { ...type, maximum: middle })) high = middle;
    else low = middle + 1;
  }
  return high;
}

/**
 * @param {WebAssembly.Memory} memory
 * @param {MemoryType} type
 */
function canImport(memory, type) {
  try {
    new Instance(new Module(moduleThatImports(type)), { "": { "": memory } });
    return true;
  } catch (error) {
    if (FunctionPrototypeSymbolHasInstance(LinkError, error)) return false;
    throw error;
  }
}

const MODULE_HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const IMPORT_SECTION = 2;
const MEMORY_IMPORT = 2;

/**
 * Returns the bytes of a module that imports a memory of that type, with empty names, and does nothing else.
 *
 * @param {MemoryType} type
 */
function moduleThatImports({ address, shared, maximum }) {
  const flags = (maximum === undefined ? 0 : 1) | (shared ? 2 : 0) | (address === "i64" ? 4 : 0);
  const section = [1, 0, 0, MEMORY_IMPORT, flags, 0];
  const sizeOfMaximum = maximum === undefined ? 0 : sizeOf(maximum);
  const start = MODULE_HEADER.length + 2;
  const bytes = new Uint8Array(start + section.length + sizeOfMaximum);
  for (let i = 0; i < MODULE_HEADER.length; i++) bytes[i] = MODULE_HEADER[i];
  bytes[start - 2] = IMPORT_SECTION;
  bytes[start - 1] = section.length + sizeOfMaximum;
  for (let i = 0; i < section.length; i++) bytes[start + i] = section[i];
  let rest = maximum ?? 0;
  for (let i = 0; i < sizeOfMaximum; i++) {
    const isLast = i === sizeOfMaximum - 1;
    bytes[start + section.length + i] = (rest % 128) | (isLast ? 0 : 128);
    rest = MathFloor(rest / 128);
  }
  return bytes;
}

/**
 * Returns how many bytes a number takes as LEB128.
 *
 * @param {number} number
 */
function sizeOf(number) {
  let size = 1;
  for (let rest = number; rest >= 128; rest = MathFloor(rest / 128)) size++;
  return size;
}

module.exports = { typeOf, addressOf };
