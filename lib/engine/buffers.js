"use strict";

// Unshared buffers, of ours and of the engine's making: how long they can be, and who detaches them.

const { PAGE } = require("../webidl/convert");
const { translate } = require("../addon/errors");
const { hasCode } = require("../built-ins/errors");
const { features } = require("./features");
const { BUFFER_LIMIT, structuredClone } = require("../built-ins/node");
const {
  ArrayBufferPrototypeGetDetached,
  ArrayBufferPrototypeTransfer,
  Error,
  FunctionPrototypeSymbolHasInstance,
  MathFloor,
  RangeError,
  SymbolIterator,
  TypeError,
  Uint8Array,
} = require("../built-ins/primordials");
const { markAsUntransferable, isMarkedAsUntransferable } = require("../built-ins/worker-threads");
const native = require("../../native");

// Without detach keys, structured clone at least can be told to leave a buffer alone. Node does so by
// itself with those that Node-API made.
const marksBuffers = features.handoff === "v8" && !features.detachKeys;

/** Whether a program can detach a buffer: by `transfer()`, which only detach keys prevent. */
const canBeDetached = !features.detachKeys && ArrayBufferPrototypeTransfer !== undefined;

/** Keeps programs from detaching a new buffer, as far as the hand-off can. */
function protect(buffer) {
  if (marksBuffers) markAsUntransferable(buffer);
}

/** Refuses a buffer to which the program has given a detach key of Node's, in place of ours. */
function checkDetachable(member, buffer) {
  if (features.detachKeys && isMarkedAsUntransferable(buffer)) throw undetachable(member);
}

const MARKED = "marked with markAsUntransferable()";
const LINKED = "linked as an asm.js heap";
const EITHER = `${MARKED} or ${LINKED}`;

function undetachable(member, cause, reason = MARKED, Kind = TypeError) {
  return new Kind(`${member}: buffer: ${reason}, it can no longer be detached`, { cause });
}

/** What structured clone does not move: a buffer that is marked, or linked. It cannot tell which. */
class Undetachable extends Error {
  constructor(cause) {
    super("the engine does not move this buffer", { cause });
  }
}

/**
 * Translates an error of a call that detaches a buffer. If the engine does not detach it, the error is
 * of that `Kind`.
 */
function translateDetaching(error, member, Kind) {
  if (FunctionPrototypeSymbolHasInstance(Undetachable, error))
    return undetachable(member, error.cause, EITHER);
  return hasCode(error, "ERR_LINEAR_MEMORY_NOT_DETACHABLE")
    ? undetachable(member, error, LINKED, Kind)
    : translate(error, member);
}

/**
 * Detaches a buffer that the engine made. Returns another one with its backing store, which keeps its
 * addresses mapped. No code of the program runs.
 */
function retire(member, buffer) {
  try {
    return native.transfer(buffer) ?? moveToClone(buffer);
  } catch (error) {
    throw translateDetaching(error, member);
  }
}

/** The same by JavaScript's own means, which are Node-API's only ones. */
function moveToClone(buffer) {
  let other;
  try {
    // Moves the bytes, resizable ones too, which `transfer()` copies.
    other = structuredClone(buffer, { __proto__: null, transfer: listOf(buffer) });
  } catch (cause) {
    throw new Undetachable(cause);
  }
  // Node 20 copies what is marked, and says nothing.
  if (!isDetached(buffer)) throw new Undetachable();
  return other;
}

/** A list of one value, which is read without what a program has put on `Array.prototype`. */
function listOf(value) {
  const iterate = () => {
    let done = true;
    const next = () => ({ __proto__: null, value, done: (done = !done) });
    return { __proto__: null, next };
  };
  return { __proto__: null, [SymbolIterator]: iterate };
}

function isDetached(buffer) {
  if (ArrayBufferPrototypeGetDetached !== undefined) return ArrayBufferPrototypeGetDetached(buffer);
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** The most pages that a buffer of this engine can view. */
const MOST_PAGES = MathFloor(BUFFER_LIMIT / PAGE);

function checkLength(member, pages) {
  const bytes = pages * PAGE;
  if (bytes > BUFFER_LIMIT) {
    throw new RangeError(
      `${member}: ${pages} pages are ${bytes} bytes, more than a buffer of this engine's can view (${BUFFER_LIMIT})`,
    );
  }
}

module.exports = {
  canBeDetached,
  isDetached,
  protect,
  checkDetachable,
  translateDetaching,
  retire,
  moveToClone,
  checkLength,
  MOST_PAGES,
};
