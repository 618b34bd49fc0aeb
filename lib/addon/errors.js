"use strict";

const {
  FunctionPrototypeSymbolHasInstance,
  ObjectHasOwn,
  RangeError,
  TypeError,
} = require("../built-ins/primordials");
const { typeError, rangeError, setOwn } = require("../built-ins/errors");
const { getSystemErrorName } = require("../built-ins/node");

/**
 * An error that the addon throws: see src/handoff/failure.rs.
 *
 * @typedef {Error & { isTypeError: boolean, code: string, errno: number | null }} AddonError
 */

/**
 * Returns what `action` returns. If the addon throws meanwhile, throws the translation of its error for `member`.
 *
 * @template T
 * @param {string} member
 * @param {() => T} action
 */
function call(member, action) {
  try {
    return action();
  } catch (error) {
    throw translate(error, member);
  }
}

/**
 * Converts an addon error to a TypeError or RangeError of this realm, with the member's name and a code.
 * If the system reported an errno, the code is the system's, as in Node.js's own errors. Errors that this
 * package or the engine has thrown within a call pass through: they are TypeErrors or RangeErrors, and
 * the addon throws neither.
 *
 * @param {any} error what was caught
 * @param {string} member
 */
function translate(error, member) {
  if (FunctionPrototypeSymbolHasInstance(TypeError, error)) return error;
  if (FunctionPrototypeSymbolHasInstance(RangeError, error)) return error;
  const message = `${member}: ${error.message}`;
  // napi-rs itself throws for arguments that it cannot convert, and if the addon panics.
  if (!ObjectHasOwn(error, "isTypeError")) {
    return rangeError("ERR_LINEAR_MEMORY_INTERNAL", message, error);
  }
  const { isTypeError, code, errno } = /** @type {AddonError} */ (error);
  const create = isTypeError ? typeError : rangeError;
  if (errno === null) return create(code, message, error);
  const translated = create(getSystemErrorName(errno), message, error);
  setOwn(translated, "errno", errno);
  return translated;
}

module.exports = { call, translate };
