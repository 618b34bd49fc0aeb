"use strict";

// Waits and notifies between threads and processes that share a memory. Uses system calls: the engine's own waits
// do not reach beyond the process.

const { show, toPrimitive } = require("../webidl/convert");
const { call, translate } = require("../addon/errors");
const { features } = require("../engine/features");
const native = require("../../native");
const { typeError, rangeError } = require("../built-ins/errors");
const {
  MathMax,
  MathMin,
  MathTrunc,
  Number,
  NumberIsInteger,
  TypedArrayPrototypeGetByteLength,
} = require("../built-ins/primordials");

/** @import { Store } from "../stores/store" */

const WORD = 4;

/**
 * Converts the arguments of `wait`. Runs code of the program.
 *
 * @param {unknown} index
 * @param {unknown} expected
 * @param {unknown} timeout
 */
function readWait(index, expected, timeout) {
  const member = "Memory.wait()";
  return {
    index: toIndex(index, member),
    expected: Number(toPrimitive(expected, `${member}: expected`)) | 0,
    timeout: toTimeout(timeout),
  };
}

/**
 * Converts the arguments of `notify`. Runs code of the program.
 *
 * @param {unknown} index
 * @param {unknown} count
 */
function readNotify(index, count) {
  return { index: toIndex(index, "Memory.notify()"), count: toCount(count) };
}

/**
 * Starts a wait on another thread. Returns a promise of the outcome: "ok", "not-equal" or "timed-out".
 *
 * @param {Store} store
 * @param {ReturnType<typeof readWait>} args
 */
async function wait(store, { index, expected, timeout }) {
  const word = wordAt(store, index, "Memory.wait()");
  try {
    return await native.wait(word.address, expected, timeout);
  } catch (error) {
    throw translate(error, "Memory.wait()");
  } finally {
    word.release();
  }
}

/**
 * Wakes at most `count` waits. Returns how many it woke.
 *
 * @param {Store} store
 * @param {ReturnType<typeof readNotify>} args
 */
function notify(store, { index, count }) {
  const word = wordAt(store, index, "Memory.notify()");
  try {
    return call("Memory.notify()", () => native.notify(word.address, count));
  } finally {
    word.release();
  }
}

/**
 * Returns the address of a word of a shared memory, which stays mapped until `release` is called.
 *
 * @param {Store} store
 * @param {number} index
 * @param {string} member
 */
function wordAt(store, index, member) {
  if (!store.isShared)
    throw typeError("ERR_LINEAR_MEMORY_NOT_SHARED", `${member}: expected a shared memory`);
  if (!features.waits) {
    throw typeError(
      "ERR_LINEAR_MEMORY_NOT_SUPPORTED",
      `${member}: this system cannot wait between processes (macOS can since 14.4)`,
    );
  }
  store.checkIntact(member);
  const pages = /** @type {Uint8Array} */ (store.pages);
  const words = TypedArrayPrototypeGetByteLength(pages) / WORD;
  if (!NumberIsInteger(index) || index < 0 || index >= words) {
    throw rangeError(
      "ERR_LINEAR_MEMORY_OUT_OF_RANGE",
      `${member}: index: expected an integer from 0 to ${words - 1}, got ${show(index)}`,
    );
  }
  /** @type {Uint8Array | undefined} */
  let held = pages;
  return {
    address: native.address(pages) + index * WORD,
    // This closure refers to the pages, which keeps them mapped.
    release: () => {
      held = held && undefined;
    },
  };
}

/**
 * @param {unknown} index
 * @param {string} member
 */
function toIndex(index, member) {
  if (typeof index === "number") return index;
  throw typeError(
    "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
    `${member}: index: expected a number, got ${show(index)}`,
  );
}

/** @param {unknown} timeout */
function toTimeout(timeout) {
  const milliseconds =
    timeout === undefined ? Infinity : Number(toPrimitive(timeout, "Memory.wait(): timeout"));
  return milliseconds !== milliseconds ? Infinity : MathMax(milliseconds, 0);
}

/** @param {unknown} count */
function toCount(count) {
  if (count === undefined) return 2 ** 31 - 1;
  const whole = MathTrunc(Number(toPrimitive(count, "Memory.notify(): count"))) || 0;
  return MathMin(MathMax(whole, 0), 2 ** 31 - 1);
}

module.exports = { readWait, readNotify, wait, notify };
