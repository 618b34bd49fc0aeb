"use strict";

const { keepHandler } = require("./sigbus-handler");
const { BaseStore } = require("./store");
const { RangeError } = require("../built-ins/primordials");

/**
 * A store over another, whose pages a file may lose: somebody truncates it. Then they read zero, and
 * every later call on the memory throws. Classes that extend this one check for it in
 * `checkIntact(member)`.
 */
class WatchedStore extends BaseStore {
  #inner;

  constructor(inner) {
    super();
    this.#inner = inner;
    keepHandler();
  }

  /** The store below; throws where pages were lost. */
  intact(member) {
    this.checkIntact(member);
    return this.#inner;
  }

  /** The same, whatever was lost. */
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
    return this.intact("Memory").size;
  }

  get buffer() {
    return this.intact("Memory.buffer").buffer;
  }

  get pages() {
    return this.intact("Memory").pages;
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

  grow(delta) {
    return this.intact("Memory.grow()").grow(delta);
  }

  toToken() {
    return this.#inner.toToken();
  }

  close() {
    this.#inner.close();
  }
}

/** The error that says that pages of the file at `path` were lost. */
function lost(member, path) {
  return new RangeError(
    `${member}: ${path}: the mapped file was truncated or the disk failed; lost pages read as zero`,
  );
}

module.exports = { WatchedStore, lost };
