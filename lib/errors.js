"use strict";

const { getSystemErrorName } = require("node:util");

/**
 * An error of the addon's as one of the caller's realm: a TypeError where the memory is gone, or
 * something is not what it should be; a RangeError where something could not be had. Where the system
 * refused, it has the system's code, as Node's own errors do, but on Windows. What the addon called may
 * have thrown such a one.
 */
function translate(error, member) {
  if (error instanceof TypeError) return error;
  const Kind = ["Closing", "InvalidArg"].includes(error.code) ? TypeError : RangeError;
  const translated = new Kind(`${member}: ${error.message}`, { cause: error });
  // Of Windows, these are not the numbers that Node has codes for.
  if (process.platform === "win32") return translated;
  // What Rust ends with what the system says.
  const [, number] = /\(os error (\d+)\)$/.exec(error.message) ?? [];
  if (number === undefined) return translated;
  return Object.assign(translated, { errno: -number, code: getSystemErrorName(-number) });
}

/** Whether a translated error says that the engine makes no buffers over pages of ours. */
function isRefusal(error) {
  return error.cause?.code === "NoExternalBuffersAllowed";
}

module.exports = { translate, isRefusal };
