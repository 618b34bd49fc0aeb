"use strict";

// What can be done to the pages of a memory in place, whichever store they are in.

const { byteLengthOf } = require("../engine/memory");
const { translate } = require("../addon/errors");
const {
  RangeError,
  TypeError,
  TypedArrayPrototypeGetByteLength,
} = require("../built-ins/primordials");
const native = require("../../native");

/** Returns how many bytes the pages are. A program can give a buffer a `byteLength` of its own. */
function byteLengthOfPages({ pages, isShared }) {
  return isShared ? TypedArrayPrototypeGetByteLength(pages) : byteLengthOf(pages);
}

/** Gives pages back to the system. Returns how many bytes of memory that freed. */
function discard(store, offset, length) {
  const byteLength = byteLengthOfPages(store);
  if (length > byteLength - offset) {
    throw new RangeError(
      `Memory.discard(): ${length} bytes at ${offset} are not all in the memory's ${byteLength}`,
    );
  }
  const { file } = store;
  if (file?.isWritten) {
    throw new TypeError(`Memory.discard(): not of a file's pages (${file.path}), which would stay`);
  }
  return attempt("Memory.discard()", () =>
    file === undefined
      ? native.discard(store.pages, offset, length)
      : native.revertToFile(file.id, store.pages, offset, length),
  );
}

/** An image of all pages: its number, what keeps it alive, its length. */
function capture(store) {
  return attempt("Memory.snapshot()", () => native.capture(store.pages));
}

/** Puts an image in place of the pages, and zeros beyond its end. */
function restore(store, { id, owner }, member) {
  const { file } = store;
  if (file?.isWritten) {
    throw new TypeError(`${member}: not over a file's pages (${file.path})`);
  }
  const put = store.isShrinkable ? native.restoreCopy : native.restore;
  attempt(member, () => put(store.pages, id, owner));
}

/** In bytes: the address space kept for the memory, what of it is accessible, what takes memory. */
function usage(store) {
  return attempt("Memory.usage()", () => {
    const { reserved, committed } = store.addressSpace;
    return { reserved, committed, resident: native.resident(store.pages) };
  });
}

function attempt(member, action) {
  try {
    return action();
  } catch (error) {
    throw translate(error, member);
  }
}

module.exports = { byteLengthOfPages, discard, capture, restore, usage };
