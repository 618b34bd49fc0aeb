"use strict";

// What `share()` returns: a plain object, since structured clone carries no other. Anybody can make
// one, so that it proves nothing. What is in it must: a memory of the engine's, or a buffer, neither of
// which a program can make up. The stores look at that.

const { isObject } = require("./convert");
const { TypeError } = require("./primordials");

/** All members that a token may have, each read once; undefined where `source` is no object. */
function readToken(source) {
  if (!isObject(source)) return undefined;
  try {
    const { memory, address, id, maximum, buffer, file } = source;
    return { memory, address, id, maximum, buffer, file: readFile(file) };
  } catch (cause) {
    throw new TypeError("Memory.from(): expected what share() returned, but reading it threw", {
      cause,
    });
  }
}

/** What a token says of the file that the memory is, if any. */
function readFile(file) {
  if (!isObject(file)) return undefined;
  const { id, path } = file;
  return typeof id === "number" && typeof path === "string" ? { id, path } : undefined;
}

module.exports = { readToken };
