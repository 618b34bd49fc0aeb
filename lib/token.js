"use strict";

// What `share()` returns: a plain object, since structured clone carries no other. Anybody can make
// one, so that it proves nothing. What is in it must: a memory of the engine's, or a buffer, neither of
// which a program can make up. The stores look at that.

const { isObject } = require("./convert");

/** All members that a token may have, each read once; undefined where `source` is no object. */
function readToken(source) {
  if (!isObject(source)) return undefined;
  try {
    const { memory, address, id, maximum, buffer } = source;
    return { memory, address, id, maximum, buffer };
  } catch (cause) {
    throw new TypeError("Memory.from(): expected what share() returned, but reading it threw", {
      cause,
    });
  }
}

module.exports = { readToken };
