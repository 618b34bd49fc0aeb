"use strict";

// Unshared buffers, whether the addon or the engine made them: how long they can be, and who detaches them.

const { PAGE } = require("../webidl/convert");
const { translate } = require("../addon/errors");
const { features } = require("./features");
const { BUFFER_LIMIT, structuredClone } = require("../built-ins/node");
const { typeError, rangeError, hasCode } = require("../built-ins/errors");
const {
  ArrayBufferPrototypeGetDetached,
  ArrayBufferPrototypeTransfer,
  Error,
  FunctionPrototypeSymbolHasInstance,
  MathFloor,
  SymbolIterator,
  Uint8Array,
} = require("../built-ins/primordials");
const { markAsUntransferable, isMarkedAsUntransferable } = require("../built-ins/worker-threads");
const native = require("../../native");

// Without detach keys, a mark at least makes structured clone leave a buffer alone. Node.js marks by itself
// those that Node-API made.
const marksBuffers = features.handoff === "v8" && !features.detachKeys;

/** Whether a program can detach buffers: by `transfer()`, which only detach keys prevent. */
const canBeDetached = !features.detachKeys && ArrayBufferPrototypeTransfer !== undefined;

/**
 * Prevents programs from detaching a new buffer, as far as the hand-off can.
 *
 * @param {ArrayBuffer} buffer
 */
function preventDetaching(buffer) {
  if (marksBuffers) markAsUntransferable(buffer);
}

/**
 * Throws if the program has given a buffer Node.js's detach key, in place of ours.
 *
 * @param {string} member
 * @param {ArrayBuffer} buffer
 */
function checkDetachable(member, buffer) {
  if (features.detachKeys && isMarkedAsUntransferable(buffer)) throw undetachable(member);
}

const MARKED = "marked with markAsUntransferable()";
const LINKED = "linked as an asm.js heap";
const EITHER = `${MARKED} or ${LINKED}`;

/**
 * Returns the error for a buffer that can no longer be detached.
 *
 * @param {string} member
 * @param {unknown} [cause]
 * @param {string} [reason]
 * @param {typeof typeError} [create]
 */
function undetachable(member, cause, reason = MARKED, create = typeError) {
  const message = `${member}: buffer: ${reason}, it can no longer be detached`;
  return create("ERR_LINEAR_MEMORY_NOT_DETACHABLE", message, cause);
}

/** The error of structured clone for a buffer that is marked or linked: it does not report which of the two. */
class Undetachable extends Error {
  /** @param {unknown} [cause] */
  constructor(cause) {
    super("the engine does not move this buffer", { cause });
  }
}

/**
 * Translates an error of a call that detaches a buffer. If the engine does not detach it, the error is
 * one that `create` makes.
 *
 * @param {any} error what was caught
 * @param {string} member
 * @param {typeof typeError} [create]
 */
function translateDetaching(error, member, create = typeError) {
  if (FunctionPrototypeSymbolHasInstance(Undetachable, error))
    return undetachable(member, error.cause, EITHER);
  return hasCode(error, "ERR_LINEAR_MEMORY_NOT_DETACHABLE")
    ? undetachable(member, error, LINKED, create)
    : translate(error, member);
}

/**
 * Detaches a buffer that the engine made. Returns another one with its backing store, which keeps its
 * addresses mapped. No code of the program runs.
 *
 * @param {string} member
 * @param {ArrayBuffer} buffer
 */
function detach(member, buffer) {
  try {
    return native.transfer(buffer) ?? detachByCloning(buffer);
  } catch (error) {
    throw translateDetaching(error, member);
  }
}

/**
 * Detaches a buffer by a structured clone that transfers it, which is Node-API's only way. Returns the clone.
 *
 * @param {ArrayBuffer} buffer
 */
function detachByCloning(buffer) {
  let other;
  try {
    // Moves the bytes, resizable ones too, which `transfer()` copies.
    const options = { __proto__: null, transfer: listOf(buffer) };
    other = structuredClone(buffer, options);
  } catch (cause) {
    throw new Undetachable(cause);
  }
  // Node.js 20 copies a marked buffer, without an error.
  if (!isDetached(buffer)) throw new Undetachable();
  return other;
}

/**
 * Returns a list of one value. Reading it runs nothing that a program has put on `Array.prototype`.
 *
 * @param {Transferable} value
 * @returns {Transferable[]}
 */
function listOf(value) {
  const iterate = () => {
    let done = true;
    const next = () => ({ __proto__: null, value, done: (done = !done) });
    return { __proto__: null, next };
  };
  const list = /** @type {unknown} */ ({ __proto__: null, [SymbolIterator]: iterate });
  return /** @type {Transferable[]} */ (list);
}

/** @param {ArrayBuffer} buffer */
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
const MAX_PAGES = MathFloor(BUFFER_LIMIT / PAGE);

/**
 * Throws a RangeError if a buffer of this engine cannot view as many pages.
 *
 * @param {string} member
 * @param {number} pages
 */
function checkLength(member, pages) {
  const bytes = pages * PAGE;
  if (bytes > BUFFER_LIMIT) {
    throw rangeError(
      "ERR_LINEAR_MEMORY_ENGINE_LIMIT_EXCEEDED",
      `${member}: ${pages} pages are ${bytes} bytes; a buffer of this engine can have at most ${BUFFER_LIMIT}`,
    );
  }
}

module.exports = {
  MAX_PAGES,
  canBeDetached,
  isDetached,
  preventDetaching,
  checkDetachable,
  translateDetaching,
  detach,
  detachByCloning,
  checkLength,
};
