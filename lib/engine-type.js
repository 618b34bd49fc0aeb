"use strict";

// The type of a memory of the engine's, which it does not tell: found by asking which modules could
// import the memory.

const { PAGE } = require("./convert");
const { sizeLimit } = require("./descriptor");
const { Module, Instance, LinkError, validate, isShared, bufferOf } = require("./engine");

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

module.exports = { typeOf, addressOf };
