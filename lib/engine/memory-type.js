"use strict";

// The type of a memory of the engine's, which it does not tell: found by asking which modules could
// import the memory.

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
const {
  FunctionPrototypeSymbolHasInstance,
  MathFloor,
  Uint8Array,
} = require("../built-ins/primordials");

/** The type of a memory of the engine's. */
function typeOf(memory) {
  const address = addressOf(memory);
  const shared = isShared(bufferOf(memory));
  const maximum = maximumOf(memory, { address, shared, maximum: undefined });
  return { address, shared, maximum };
}

/** The address type of a memory of the engine's. Node 22 runs modules with 64-bit ones, too. */
function addressOf(memory) {
  const address = "i64";
  if (!validate(moduleThatImports({ address, shared: false, maximum: undefined }))) return "i32";
  // Only a memory with a maximum can be shared, and a module must then name one.
  const shared = isShared(bufferOf(memory));
  const maximum = shared ? sizeLimit({ address, maximum: undefined }) : undefined;
  return canImport(memory, { address, shared, maximum }) ? address : "i32";
}

/** The smallest maximum under which a module can import the memory; undefined if it has none. */
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

/** A module that imports a memory of that type as "" of "", and does nothing else. */
function moduleThatImports({ address, shared = false, maximum }) {
  const flags = (maximum === undefined ? 0 : 1) | (shared ? 2 : 0) | (address === "i64" ? 4 : 0);
  const section = [1, 0, 0, MEMORY_IMPORT, flags, 0];
  const sizeOfMaximum = maximum === undefined ? 0 : sizeOf(maximum);
  const start = MODULE_HEADER.length + 2;
  const bytes = new Uint8Array(start + section.length + sizeOfMaximum);
  for (let i = 0; i < MODULE_HEADER.length; i++) bytes[i] = MODULE_HEADER[i];
  bytes[start - 2] = IMPORT_SECTION;
  bytes[start - 1] = section.length + sizeOfMaximum;
  for (let i = 0; i < section.length; i++) bytes[start + i] = section[i];
  let rest = maximum;
  for (let i = 0; i < sizeOfMaximum; i++) {
    const isLast = i === sizeOfMaximum - 1;
    bytes[start + section.length + i] = (rest % 128) | (isLast ? 0 : 128);
    rest = MathFloor(rest / 128);
  }
  return bytes;
}

/** How many bytes a number takes as LEB128. */
function sizeOf(number) {
  let size = 1;
  for (let rest = number; rest >= 128; rest = MathFloor(rest / 128)) size++;
  return size;
}

module.exports = { typeOf, addressOf };
