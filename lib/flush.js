"use strict";

const { show } = require("./convert");
const { translate } = require("./errors");
const native = require("../native");

/** Has what was written on the disk, by another thread, before the promise is settled. */
async function flush(store, offset, length) {
  const { id, owner, path } = prepare(store, offset, length, "Memory.flush()");
  try {
    await native.flushFile(id, owner);
  } catch (error) {
    throw translate(error, `Memory.flush(): ${path}`);
  }
}

/** The same, before it returns. */
function flushSync(store, offset, length) {
  const { id, owner, path } = prepare(store, offset, length, "Memory.flushSync()");
  try {
    native.flushFileSync(id, owner);
  } catch (error) {
    throw translate(error, `Memory.flushSync(): ${path}`);
  }
}

function prepare(store, offset = 0, length = undefined, member) {
  const { file } = store;
  if (!file?.isWritten) {
    throw new TypeError(`${member}: the memory is no file, or one that is never written to`);
  }
  const { byteLength } = store.intact(member).pages;
  const count = length === undefined ? byteLength - offset : length;
  for (const [name, value] of Object.entries({ offset, length: count })) {
    if (typeof value !== "number") {
      throw new TypeError(`${member}: ${name}: expected a number, got ${show(value)}`);
    }
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`${member}: ${name}: expected a number of bytes, got ${show(value)}`);
    }
    if (name === "offset" && value > byteLength) {
      throw new RangeError(
        `${member}: offset: ${value} is beyond the memory's ${byteLength} bytes`,
      );
    }
  }
  if (count > byteLength - offset) {
    throw new RangeError(
      `${member}: ${count} bytes at ${offset} are not all in the memory's ${byteLength}`,
    );
  }
  store.settle(member);
  return file;
}

module.exports = { flush, flushSync };
