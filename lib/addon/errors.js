"use strict";

const {
  FunctionPrototypeSymbolHasInstance,
  ObjectDefineProperty,
  RangeError,
  RegExpPrototypeExec,
  TypeError,
  platform,
} = require("../built-ins/primordials");
const { getSystemErrorName } = require("../built-ins/node");

/**
 * An error of the addon's as one of the caller's realm: a TypeError where the memory is gone, or
 * something is not what it should be; a RangeError where something could not be had. Where the system
 * refused, it has the system's code, as Node's own errors do, but on Windows. What the addon called may
 * have thrown such a one.
 */
function translate(error, member) {
  if (FunctionPrototypeSymbolHasInstance(TypeError, error)) return error;
  const { code } = error;
  const Kind = code === "Closing" || code === "InvalidArg" ? TypeError : RangeError;
  const translated = new Kind(`${member}: ${error.message}`, { cause: error });
  // Of Windows, these are not the numbers that Node has codes for.
  if (platform === "win32") return translated;
  // What Rust ends with what the system says.
  const found = RegExpPrototypeExec(/\(os error (\d+)\)$/, error.message);
  if (found === null) return translated;
  const errno = -found[1];
  setOwn(translated, "errno", errno);
  setOwn(translated, "code", getSystemErrorName(errno));
  return translated;
}

/** Sets a property of an error, whatever a program has put on the prototypes of errors. */
function setOwn(error, key, value) {
  const attributes = { writable: true, enumerable: true, configurable: true };
  ObjectDefineProperty(error, key, { __proto__: null, value, ...attributes });
}

/** Whether a translated error says that the engine makes no buffers over pages of ours. */
function isRefusal(error) {
  return error.cause?.code === "NoExternalBuffersAllowed";
}

module.exports = { translate, setOwn, isRefusal };
