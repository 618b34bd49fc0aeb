"use strict";

const { PAGE, toByteCount } = require("../webidl/convert");
const { translate } = require("../addon/errors");
const native = require("../../native");
const { RangeError, TypeError } = require("../built-ins/primordials");

/** Converts the arguments. */
function readRange(offset, length, member) {
  return {
    offset: offset === undefined ? 0 : toByteCount(offset, `${member}: offset`),
    length: length === undefined ? undefined : toByteCount(length, `${member}: length`),
  };
}

/** Flushes the file that a memory is to the disk, on another thread. */
async function flush(store, range) {
  const { id, owner, path } = prepare(store, range, "Memory.flush()");
  try {
    await native.flushFile(id, owner);
  } catch (error) {
    throw translate(error, `Memory.flush(): ${path}`);
  }
}

/** Flushes the file that a memory is to the disk before it returns. */
function flushSync(store, range) {
  const { id, owner, path } = prepare(store, range, "Memory.flushSync()");
  try {
    native.flushFileSync(id, owner);
  } catch (error) {
    throw translate(error, `Memory.flushSync(): ${path}`);
  }
}

/** Returns the file that a memory is, with all pages that were added; throws unless it can be flushed. */
function prepare(store, { offset, length }, member) {
  const { file } = store;
  if (!file?.isWritten) {
    throw new TypeError(`${member}: the memory is no file, or one that is never written to`);
  }
  store.checkIntact(member);
  const byteLength = store.size * PAGE;
  if (offset > byteLength) {
    throw new RangeError(`${member}: offset: ${offset} is beyond the memory's ${byteLength} bytes`);
  }
  if (length > byteLength - offset) {
    throw new RangeError(
      `${member}: ${length} bytes at ${offset} are not all in the memory's ${byteLength}`,
    );
  }
  store.reconcile(member);
  return file;
}

module.exports = { readRange, flush, flushSync };
