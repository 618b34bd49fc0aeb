"use strict";

const { canBeCutOff } = require("./buffers");
const { show, isObject } = require("./convert");
const { translate } = require("./errors");
const { withFile, O_RDONLY } = require("./files");
const { MappedStore } = require("./mapped-store");
const native = require("../native");

const MEMBER = "Memory.map()";

/**
 * Puts a file's bytes over part of a memory: its pages where pages of both meet, else copies. Returns
 * the memory's store from now on.
 */
function map(store, offset, file, options) {
  if (store.file?.isWritten) {
    throw new TypeError(`${MEMBER}: the memory is a file itself (${store.file.path})`);
  }
  const at = toOffset(offset, "offset");
  const { fileOffset, length } = isObject(options) ? options : {};
  const from = fileOffset === undefined ? 0 : toOffset(fileOffset, "fileOffset");
  const wanted = length === undefined ? undefined : toOffset(length, "length");
  return withFile(file, O_RDONLY, MEMBER, (descriptor, { size }) => {
    const count = wanted ?? Math.max(size - from, 0);
    if (from > size || count > size - from) {
      throw new RangeError(
        `${MEMBER}: ${count} bytes at ${from} are not all in the file's ${size}`,
      );
    }
    const { byteLength } = store.pages;
    if (count > byteLength - at) {
      throw new RangeError(
        `${MEMBER}: ${count} bytes at ${at} are not all in the memory's ${byteLength}`,
      );
    }
    const isCopied = canBeCutOff(store);
    const put = isCopied ? native.copyFile : native.mapFile;
    try {
      put(store.pages, at, descriptor, from, count);
    } catch (error) {
      throw translate(error, `${MEMBER}: ${file}`);
    }
    return count === 0 || isCopied
      ? store
      : MappedStore.over(store, { path: file, offset: at, length: count });
  });
}

function toOffset(value, name) {
  if (typeof value !== "number") {
    throw new TypeError(`${MEMBER}: ${name}: expected a number, got ${show(value)}`);
  }
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${MEMBER}: ${name}: expected a number of bytes, got ${show(value)}`);
  }
  return value + 0; // -0 becomes 0
}

module.exports = { map };
