"use strict";

// Operations on the pages of a memory in place, in any store.

const { PAGE } = require("../webidl/convert");
const { readSnapshotOptions } = require("../webidl/descriptor");
const { createStore } = require("../stores/choose");
const { call } = require("../addon/errors");
const { typeError, rangeError } = require("../built-ins/errors");
const native = require("../../native");

/**
 * @import { Image } from "../../native"
 * @import { Store } from "../stores/store"
 * @import { TypedImage } from "./snapshot-file"
 */

/**
 * Decommits pages, which then read zero, or as the mapped file. Returns how many bytes that freed.
 *
 * @param {Store} store
 * @param {number} offset
 * @param {number} length
 */
function discard(store, offset, length) {
  store.checkIntact("Memory.discard()");
  const byteLength = store.size * PAGE;
  if (length > byteLength - offset) {
    throw rangeError(
      "ERR_LINEAR_MEMORY_OUT_OF_RANGE",
      `Memory.discard(): ${length} bytes at offset ${offset} exceed the memory's ${byteLength} bytes`,
    );
  }
  const { file } = store;
  if (file?.isWritten) {
    throw typeError(
      "ERR_LINEAR_MEMORY_FILE_BACKED",
      `Memory.discard(): cannot discard pages of a writable file mapping (${file.path})`,
    );
  }
  return call("Memory.discard()", () =>
    file === undefined
      ? native.discard(store.pages, offset, length)
      : native.revertToFile(file.id, store.pages, offset, length),
  );
}

/**
 * Captures an image of all pages. Returns its handle in the addon, the object that keeps it alive, and its length.
 *
 * @param {Store} store
 */
function capture(store) {
  store.checkIntact("Memory.snapshot()");
  return call("Memory.snapshot()", () => native.capture(store.pages));
}

/**
 * Replaces the pages by those of an image, and by zeros beyond its end.
 *
 * @param {Store} store
 * @param {Image} image
 * @param {string} member
 */
function restore(store, { id, owner }, member) {
  const { file } = store;
  if (file?.isWritten) {
    throw typeError(
      "ERR_LINEAR_MEMORY_FILE_BACKED",
      `${member}: cannot restore into a writable file mapping (${file.path})`,
    );
  }
  store.checkIntact(member);
  const replace = store.isShrinkable ? native.restoreCopy : native.restore;
  call(member, () => replace(store.pages, id, owner));
}

/**
 * Creates a store that begins with the pages of an image. Its type is that of the image, except for `options`.
 *
 * @param {TypedImage} image
 * @param {unknown} options
 */
function createFrom(image, options) {
  const type = readSnapshotOptions(options, image.byteLength / PAGE, image.type);
  const store = createStore(type, { hugePages: false });
  restore(store, image, "Memory.from()");
  return store;
}

/**
 * Returns the usage in bytes: the address space that is reserved for the memory, the part of it that is
 * accessible, and the part that takes physical memory.
 *
 * @param {Store} store
 */
function usage(store) {
  store.checkIntact("Memory.usage()");
  return call("Memory.usage()", () => {
    const { reserved, committed } = store.addressSpace;
    return { reserved, committed, resident: native.resident(store.pages) };
  });
}

module.exports = { discard, capture, restore, createFrom, usage };
