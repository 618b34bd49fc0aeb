"use strict";

// What `share()` returns: a plain object, since structured clone carries no other. Anybody can make
// one, so that it proves nothing. What is in it must: a memory of the engine's, or a buffer, neither of
// which a program can make up. The stores look at that.

const { isObject } = require("../webidl/convert");
const { ObjectHasOwn, TypeError } = require("../built-ins/primordials");

/** All members that a token may have, each read once; undefined where `source` is no object. */
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
    throw new TypeError("Memory.from(): expected what share() returned, but reading it threw", {
      cause,
    });
  }
}

/** Structured clone keeps own members only. Others are what a program has put on a prototype. */
function own(object, key) {
  return ObjectHasOwn(object, key) ? object[key] : undefined;
}

/** What a token says of the file that the memory is, if any. */
function readFile(file) {
  if (!isObject(file)) return undefined;
  const id = own(file, "id");
  const path = own(file, "path");
  return typeof id === "number" && typeof path === "string" ? { id, path } : undefined;
}

module.exports = { readToken };
