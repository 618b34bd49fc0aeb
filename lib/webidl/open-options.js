"use strict";

// Converts the options of `Memory.open()`. Those that describe the type of the memory are a MemoryDescriptor,
// which is complete only when the length of the file is known.

const {
  PAGE,
  show,
  showPages,
  isObject,
  toPrimitive,
  fromAddress,
  toAddress,
} = require("./convert");
const { readDescriptor, sizeLimit } = require("./descriptor");
const { typeError, rangeError } = require("../built-ins/errors");
const { Boolean, MathCeil } = require("../built-ins/primordials");

/**
 * @import { NewMemoryType } from "./descriptor"
 * @typedef {ReturnType<typeof readOpenOptions>} OpenOptions
 */

const MEMBER = "Memory.open()";

/**
 * Reads each option once, and converts it to a primitive: later conversions of that run no code of the program.
 *
 * @param {unknown} options
 */
function readOpenOptions(options) {
  if (options !== undefined && !isObject(options)) {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${MEMBER}: options: expected an object, got ${show(options)}`,
    );
  }
  const { mode = "r", initial, maximum, shared = false, address } = options ?? { __proto__: null };
  if (mode !== "r" && mode !== "r+" && mode !== "w+") {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${MEMBER}: mode: expected "r", "r+" or "w+", got ${show(mode)}`,
    );
  }
  if (mode === "w+" && initial === undefined) {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${MEMBER}: initial is required for mode "w+": a new file has no pages`,
    );
  }
  if (shared && mode === "r") {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${MEMBER}: shared: cannot be combined with mode "r", whose writes are private`,
    );
  }
  return {
    mode,
    initial: toPrimitive(initial, `${MEMBER}: initial`),
    maximum: toPrimitive(maximum, `${MEMBER}: maximum`),
    shared: Boolean(shared),
    address: isObject(address) ? `${address}` : address,
  };
}

/**
 * Returns the type of a memory that has all pages of a file, and at least `initial` pages.
 *
 * @param {number} size the length of the file, in bytes
 * @param {Omit<OpenOptions, "mode">} options
 * @param {string} path for errors
 * @returns {NewMemoryType}
 */
function typeOfFile(size, { initial, maximum, shared, address }, path) {
  const pages = MathCeil(size / PAGE);
  const isChosen =
    address === undefined && pages > sizeLimit({ address: "i32", maximum: undefined });
  const kind = isChosen ? "i64" : address;
  // A program that did not choose the address type counts pages in numbers.
  const toPages = (/** @type {unknown} */ value, /** @type {string} */ name) =>
    isChosen && typeof value === "number"
      ? fromAddress(toAddress(value, "i32", `${MEMBER}: ${name}`), "i64")
      : value;
  const type = readDescriptor({
    __proto__: null,
    address: kind,
    initial: toPages(initial, "initial") ?? (kind === "i64" ? 0n : 0),
    maximum: toPages(maximum, "maximum"),
    shared,
  });
  if (pages <= type.initial) return type;
  const limit = sizeLimit(type);
  if (pages > limit) {
    const shown = (/** @type {number} */ count) => showPages(count, type.address);
    const name = limit === type.maximum ? "maximum" : "address";
    throw rangeError(
      "ERR_LINEAR_MEMORY_MAXIMUM_EXCEEDED",
      `${MEMBER}: ${path}: ${name}: the file has ${shown(pages)} pages, more than the ${shown(limit)} that the memory may have`,
    );
  }
  return { ...type, initial: pages };
}

module.exports = { readOpenOptions, typeOfFile };
