"use strict";

const { PAGE, toByteCount } = require("../webidl/convert");
const { call, translate } = require("../addon/errors");
const native = require("../../native");
const { typeError, rangeError } = require("../built-ins/errors");

/** @import { Store } from "../stores/store" */

/**
 * Converts the arguments.
 *
 * @param {unknown} offset
 * @param {unknown} length
 * @param {string} member
 */
function readRange(offset, length, member) {
  return {
    offset: offset === undefined ? 0 : toByteCount(offset, `${member}: offset`),
    length: length === undefined ? undefined : toByteCount(length, `${member}: length`),
  };
}

/**
 * Flushes the file of a file-backed memory to disk, on another thread.
 *
 * @param {Store} store
 * @param {{ offset: number, length: number | undefined }} range
 */
async function flush(store, range) {
  const { id, owner, path } = prepare(store, range, "Memory.flush()");
  try {
    await native.flushFile(id, owner);
  } catch (error) {
    throw translate(error, `Memory.flush(): ${path}`);
  }
}

/**
 * Flushes the file of a file-backed memory to disk before it returns.
 *
 * @param {Store} store
 * @param {{ offset: number, length: number | undefined }} range
 */
function flushSync(store, range) {
  const { id, owner, path } = prepare(store, range, "Memory.flushSync()");
  call(`Memory.flushSync(): ${path}`, () => native.flushFileSync(id, owner));
}

/**
 * Extends the file of a memory to the pages that were added. Returns the file; throws unless it can be flushed.
 *
 * @param {Store} store
 * @param {{ offset: number, length: number | undefined }} range
 * @param {string} member
 */
function prepare(store, { offset, length = 0 }, member) {
  const { file } = store;
  if (!file?.isWritten) {
    throw typeError(
      "ERR_LINEAR_MEMORY_NOT_FILE_BACKED",
      `${member}: the memory is not backed by a writable file`,
    );
  }
  store.checkIntact(member);
  const byteLength = store.size * PAGE;
  if (offset > byteLength) {
    throw rangeError(
      "ERR_LINEAR_MEMORY_OUT_OF_RANGE",
      `${member}: offset: ${offset} exceeds the memory's ${byteLength} bytes`,
    );
  }
  if (length > byteLength - offset) {
    throw rangeError(
      "ERR_LINEAR_MEMORY_OUT_OF_RANGE",
      `${member}: ${length} bytes at offset ${offset} exceed the memory's ${byteLength} bytes`,
    );
  }
  store.reconcile(member);
  return file;
}

module.exports = { readRange, flush, flushSync };
