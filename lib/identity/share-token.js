"use strict";

// Reads the token that `share()` returned in another thread: an ordinary object, since structured clone copies
// no other. A program can create such an object, so the token proves nothing. What is in it does: an engine
// memory or a buffer, which a program cannot make up. The stores check that.

/**
 * What a token may have. Nothing of it is checked yet, except of `file`.
 *
 * @typedef {object} Token
 * @property {unknown} memory The engine memory that the pages are in.
 * @property {unknown} address "i64" if the engine memory has 32-bit addresses, but the memory has 64-bit ones.
 * @property {unknown} id The addon's handle of a memory over reserved pages.
 * @property {unknown} maximum The maximum of that memory.
 * @property {unknown} buffer A buffer of that memory.
 * @property {FileToken | undefined} file The file that backs the memory.
 */

/**
 * The addon's handle of a file, and its path.
 *
 * @typedef {{ id: number, path: string }} FileToken
 */

const { isObject } = require("../webidl/convert");
const { typeError } = require("../built-ins/errors");
const { ObjectHasOwn } = require("../built-ins/primordials");

/**
 * Reads the members that a token may have, each once. Returns undefined if `source` is not an object.
 *
 * @param {unknown} source
 * @returns {Token | undefined}
 */
function readToken(source) {
  if (!isObject(source)) return undefined;
  try {
    return {
      memory: own(source, "memory"),
      address: own(source, "address"),
      id: own(source, "id"),
      maximum: own(source, "maximum"),
      buffer: own(source, "buffer"),
      file: readFile(own(source, "file")),
    };
  } catch (cause) {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      "Memory.from(): expected a token from share(), but reading its members threw",
      cause,
    );
  }
}

/**
 * Returns an own member of a token. Structured clone copies only these; others are on a prototype that a program
 * has changed.
 *
 * @param {object} object
 * @param {string} key
 */
function own(object, key) {
  return ObjectHasOwn(object, key) ? object[key] : undefined;
}

/**
 * Reads the file in a token. Returns undefined if there is none.
 *
 * @param {unknown} file
 * @returns {FileToken | undefined}
 */
function readFile(file) {
  if (!isObject(file)) return undefined;
  const id = own(file, "id");
  const path = own(file, "path");
  return typeof id === "number" && typeof path === "string" ? { id, path } : undefined;
}

module.exports = { readToken };
