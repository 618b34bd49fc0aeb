"use strict";

const { show, isObject } = require("../webidl/convert");
const { translate } = require("../addon/errors");
const { readSource, withFile } = require("./file-source");
const { MappedStore } = require("../stores/with-mapped-files");
const { byteLengthOfPages } = require("./pages");
const native = require("../../native");
const { NumberIsSafeInteger, RangeError, TypeError } = require("../built-ins/primordials");

const MEMBER = "Memory.map()";

/** Converts the arguments. Runs code of the program: what `map` takes, it looks up afterwards. */
function readPart(offset, file, options) {
  const at = toOffset(offset, "offset");
  const source = readSource(file, MEMBER);
  const { fileOffset, length } = isObject(options) ? options : { __proto__: null };
  return {
    at,
    source,
    from: fileOffset === undefined ? 0 : toOffset(fileOffset, "fileOffset"),
    wanted: length === undefined ? undefined : toOffset(length, "length"),
  };
}

/**
 * Puts a file's bytes over part of a memory: its pages where pages of both meet, else copies. Returns
 * the memory's store from now on.
 */
function map(store, { at, source, from, wanted }) {
  if (store.file?.isWritten) {
    throw new TypeError(`${MEMBER}: the memory is a file itself (${store.file.path})`);
  }
  return withFile(source, { isWritten: false }, MEMBER, (descriptor, size) => {
    const count = wanted ?? (size > from ? size - from : 0);
    if (from > size || count > size - from) {
      throw new RangeError(
        `${MEMBER}: ${count} bytes at ${from} are not all in the file's ${size}`,
      );
    }
    const { pages } = store;
    const byteLength = byteLengthOfPages(store);
    if (count > byteLength - at) {
      throw new RangeError(
        `${MEMBER}: ${count} bytes at ${at} are not all in the memory's ${byteLength}`,
      );
    }
    const isCopied = store.isShrinkable;
    const put = isCopied ? native.copyFile : native.mapFile;
    let id;
    try {
      id = put(pages, at, descriptor, from, count);
    } catch (error) {
      throw translate(error, `${MEMBER}: ${source.text}`);
    }
    return isCopied || id === 0 ? store : MappedStore.over(store, { path: source.text, id });
  });
}

function toOffset(value, name) {
  if (typeof value !== "number") {
    throw new TypeError(`${MEMBER}: ${name}: expected a number, got ${show(value)}`);
  }
  if (!NumberIsSafeInteger(value) || value < 0) {
    throw new RangeError(`${MEMBER}: ${name}: expected a number of bytes, got ${show(value)}`);
  }
  return value + 0; // -0 becomes 0
}

module.exports = { readPart, map };
