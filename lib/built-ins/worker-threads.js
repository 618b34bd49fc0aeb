"use strict";

// The functions of `node:worker_threads` that this package uses. Loading that module takes 1.6 to 3.5 ms, a
// third of what loading this package may take. So it is loaded when the first buffer is created or detached, or
// the first file is mapped.
//
// This is the one exception to node.js: a program that replaces these exports earlier decides which buffers
// count as marked. Node.js offers no other way to these functions. Memory stays safe without marks: a program
// can then transfer a buffer that it could not transfer otherwise.

const { getBuiltinModule } = require("./node");

const neverMarked = () => false;

let taken;

function take() {
  // eslint-disable-next-line no-restricted-syntax -- See above. Only Node.js 20 before 20.16 gets here.
  const module = getBuiltinModule?.("node:worker_threads") ?? require("node:worker_threads");
  const { isMainThread, markAsUntransferable, isMarkedAsUntransferable = neverMarked } = module;
  return { isMainThread, markAsUntransferable, isMarkedAsUntransferable };
}

/**
 * Makes a structured clone that moves the buffer throw.
 *
 * @param {ArrayBuffer} buffer
 */
function markAsUntransferable(buffer) {
  taken ??= take();
  taken.markAsUntransferable(buffer);
}

/**
 * Returns whether the program, or this package, has marked the buffer.
 *
 * @param {ArrayBuffer} buffer
 */
function isMarkedAsUntransferable(buffer) {
  taken ??= take();
  return taken.isMarkedAsUntransferable(buffer);
}

/** Returns whether this is the main thread of the process. */
function isMainThread() {
  taken ??= take();
  return taken.isMainThread;
}

module.exports = { markAsUntransferable, isMarkedAsUntransferable, isMainThread };
