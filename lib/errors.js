"use strict";

/**
 * An error of the addon's as one of the caller's realm: a TypeError where the memory is gone, or
 * something is not what it should be; a RangeError where something could not be had.
 * What the addon called may have thrown such a one.
 */
function translate(error, member) {
  if (error instanceof TypeError) return error;
  const Kind = ["Closing", "InvalidArg"].includes(error.code) ? TypeError : RangeError;
  return new Kind(`${member}: ${error.message}`, { cause: error });
}

/** Whether a translated error says that the engine makes no buffers over pages of ours. */
function isRefusal(error) {
  return error.cause?.code === "NoExternalBuffersAllowed";
}

module.exports = { translate, isRefusal };
