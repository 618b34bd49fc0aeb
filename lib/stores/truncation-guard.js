"use strict";

const { keepHandler } = require("./sigbus-handler");
const { BaseStore } = require("./store");
const { rangeError } = require("../built-ins/errors");

/** @import { Store } from "./store" */

/**
 * A store that wraps another, and has pages of a file. If somebody truncates the file, lost pages read zero, and
 * every later call on the memory throws. Classes that extend this one check for that in `checkIntact(member)`.
 */
class TruncationGuard extends BaseStore {
  #inner;

  /** @param {Store} inner */
  constructor(inner) {
    super();
    this.#inner = inner;
    keepHandler();
  }

  /**
   * Returns the wrapped store; throws if pages of it were lost.
   *
   * @param {string} member
   */
  checkedInner(member) {
    this.checkIntact(member);
    return this.#inner;
  }

  /** The wrapped store, without a check. */
  get inner() {
    return this.#inner;
  }

  get type() {
    return this.#inner.type;
  }

  get isShared() {
    return this.#inner.isShared;
  }

  get size() {
    return this.#inner.size;
  }

  get buffer() {
    return this.checkedInner("Memory.buffer").buffer;
  }

  get pages() {
    return this.#inner.pages;
  }

  get address() {
    return this.#inner.address;
  }

  get engineMemory() {
    return this.#inner.engineMemory;
  }

  get addressSpace() {
    return this.#inner.addressSpace;
  }

  get isShrinkable() {
    return this.#inner.isShrinkable;
  }

  get file() {
    return this.#inner.file;
  }

  /**
   * @param {number} delta
   * @returns {number}
   */
  grow(delta) {
    return this.checkedInner("Memory.grow()").grow(delta);
  }

  toToken() {
    return this.#inner.toToken();
  }

  close() {
    this.#inner.close();
  }
}

/**
 * Returns the error for lost pages of the file at `path`.
 *
 * @param {string} member
 * @param {string} path
 */
function lostPages(member, path) {
  return rangeError(
    "ERR_LINEAR_MEMORY_FILE_TRUNCATED",
    `${member}: ${path}: the mapped file was truncated or the disk failed; lost pages read as zero`,
  );
}

module.exports = { TruncationGuard, lostPages };
