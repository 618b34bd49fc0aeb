"use strict";

const { show } = require("../webidl/convert");
const { translate } = require("../addon/errors");
const native = require("../../native");
const { byteLengthOfPages } = require("./pages");
const { NumberIsSafeInteger, RangeError, TypeError } = require("../built-ins/primordials");

/** Converts the arguments, of which none runs code of the program. */
function readRange(offset = 0, length = undefined, member) {
  check(offset, "offset", member);
  if (length !== undefined) check(length, "length", member);
  return { offset, length };
}

function check(value, name, member) {
  if (typeof value !== "number") {
    throw new TypeError(`${member}: ${name}: expected a number, got ${show(value)}`);
  }
  if (!NumberIsSafeInteger(value) || value < 0) {
    throw new RangeError(`${member}: ${name}: expected a number of bytes, got ${show(value)}`);
  }
}

/** Writes what was stored to the disk, on another thread. */
async function flush(store, range) {
  const { id, owner, path } = prepare(store, range, "Memory.flush()");
  try {
    await native.flushFile(id, owner);
  } catch (error) {
    throw translate(error, `Memory.flush(): ${path}`);
  }
}

/** Writes what was stored to the disk before it returns. */
function flushSync(store, range) {
  const { id, owner, path } = prepare(store, range, "Memory.flushSync()");
  try {
    native.flushFileSync(id, owner);
  } catch (error) {
    throw translate(error, `Memory.flushSync(): ${path}`);
  }
}

function prepare(store, { offset, length }, member) {
  const { file } = store;
  if (!file?.isWritten) {
    throw new TypeError(`${member}: the memory is no file, or one that is never written to`);
  }
  store.checkIntact(member);
  const byteLength = byteLengthOfPages(store);
  if (offset > byteLength) {
    throw new RangeError(`${member}: offset: ${offset} is beyond the memory's ${byteLength} bytes`);
  }
  if (length > byteLength - offset) {
    throw new RangeError(
      `${member}: ${length} bytes at ${offset} are not all in the memory's ${byteLength}`,
    );
  }
  store.settle(member);
  return file;
}

module.exports = { readRange, flush, flushSync };
