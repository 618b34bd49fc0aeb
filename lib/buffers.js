"use strict";

// Unshared buffers, of ours and of the engine's making: how long they can be, and who detaches them.

const { constants } = require("node:buffer");

const { PAGE } = require("./convert");
const { translate } = require("./errors");
const { features } = require("./features");
const { markAsUntransferable, isMarkedAsUntransferable } = require("./marks");
const native = require("../native");

// Taken when this loads, before anyone can replace it.
const { structuredClone } = globalThis;

// Without detach keys, structured clone at least can be told to leave a buffer alone. Node does so by
// itself with those that Node-API made.
const marksBuffers = features.handoff === "v8" && !features.detachKeys;

/** Whether a program can detach a buffer: by `transfer()`, which only detach keys prevent. */
const canBeDetached = !features.detachKeys && "transfer" in ArrayBuffer.prototype;

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

/**
 * Translates an error of a call that detaches a buffer. If the engine does not detach it, the error is
 * of that `Kind`.
 */
function translateDetaching(error, member, Kind) {
  return error.code === "DetachableArraybufferExpected"
    ? undetachable(member, error, LINKED, Kind)
    : translate(error, member);
}

/** Detaches a buffer that the engine made; what it returns keeps its addresses mapped. */
function retire(member, buffer) {
  let remains;
  try {
    remains = native.transfer(buffer);
  } catch (error) {
    throw translateDetaching(error, member);
  }
  if (remains !== null) return remains;
  let other;
  try {
    // Moves the bytes, resizable ones too, which `transfer()` copies.
    other = structuredClone(buffer, { transfer: [buffer] });
  } catch (cause) {
    throw undetachable(member, cause, EITHER);
  }
  // Node 20 copies what is marked, and says nothing.
  if (!isDetached(buffer)) throw undetachable(member, undefined, EITHER);
  return other;
}

function isDetached(buffer) {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

function checkLength(member, pages) {
  const bytes = pages * PAGE;
  if (bytes > constants.MAX_LENGTH) {
    throw new RangeError(
      `${member}: ${pages} pages are ${bytes} bytes, more than a buffer of this engine's can view (${constants.MAX_LENGTH})`,
    );
  }
}

module.exports = {
  canBeDetached,
  protect,
  checkDetachable,
  translateDetaching,
  retire,
  checkLength,
};
