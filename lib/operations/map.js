"use strict";

const { PAGE, isObject, toByteCount } = require("../webidl/convert");
const { call } = require("../addon/errors");
const { readSource, withFile } = require("./file-source");
const { StoreWithMappedFiles } = require("../stores/with-mapped-files");
const native = require("../../native");
const { typeError, rangeError } = require("../built-ins/errors");
const { MathMax } = require("../built-ins/primordials");

/** @import { Store } from "../stores/store" */

const MEMBER = "Memory.map()";

/**
 * Converts the arguments, in their order. Runs code of the program.
 *
 * @param {unknown} offset
 * @param {unknown} file
 * @param {unknown} options
 */
function readMapping(offset, file, options) {
  const toCount = (/** @type {unknown} */ value, /** @type {string} */ name) =>
    toByteCount(value, `${MEMBER}: ${name}`);
  const start = toCount(offset, "offset");
  const source = readSource(file, MEMBER);
  /** @type {{ fileOffset?: unknown, length?: unknown, __proto__: null }} */
  const noOptions = { __proto__: null };
  const { fileOffset = 0, length } = isObject(options) ? options : noOptions;
  return {
    start,
    source,
    fileStart: toCount(fileOffset, "fileOffset"),
    length: length === undefined ? undefined : toCount(length, "length"),
  };
}

/**
 * Maps part of a file over part of a memory: maps whole pages, and copies other bytes. Returns the store that the
 * memory is in from then on.
 *
 * @param {Store} store
 * @param {ReturnType<typeof readMapping>} mapping
 */
function map(store, { start, source, fileStart, length }) {
  if (store.file?.isWritten) {
    throw typeError(
      "ERR_LINEAR_MEMORY_FILE_BACKED",
      `${MEMBER}: cannot map into a writable file mapping (${store.file.path})`,
    );
  }
  store.checkIntact(MEMBER);
  return withFile(source, { isWritten: false }, MEMBER, (descriptor, fileLength) => {
    const count = length ?? MathMax(fileLength - fileStart, 0);
    checkRange(fileStart, count, fileLength, "file");
    checkRange(start, count, store.size * PAGE, "memory");
    const mapOrCopy = store.isShrinkable ? native.copyFile : native.mapFile;
    const id = call(`${MEMBER}: ${source.name}`, () =>
      mapOrCopy(store.pages, start, descriptor, fileStart, count),
    );
    // Nothing is mapped if all bytes were copied.
    return id === undefined || id === 0
      ? store
      : StoreWithMappedFiles.over(store, { path: source.name, id });
  });
}

/**
 * Throws a RangeError unless `count` bytes at `start` are within the `size` bytes of the memory or the file.
 *
 * @param {number} start
 * @param {number} count
 * @param {number} size
 * @param {"memory" | "file"} where
 */
function checkRange(start, count, size, where) {
  if (start <= size && count <= size - start) return;
  throw rangeError(
    "ERR_LINEAR_MEMORY_OUT_OF_RANGE",
    `${MEMBER}: ${count} bytes at offset ${start} exceed the ${where}'s ${size} bytes`,
  );
}

module.exports = { readMapping, map };
