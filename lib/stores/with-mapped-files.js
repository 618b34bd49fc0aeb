"use strict";

const { TruncationGuard, lostPages } = require("./truncation-guard");
const native = require("../../native");

/** @import { MappedFile, MappedFiles, Store } from "./store" */

/**
 * Wraps the store of a memory that has files mapped over parts of it. Transitions: those of the wrapped store. Under
 * a resizable buffer, pages of files are copied, and nothing is wrapped any more.
 *
 * @implements {Store}
 */
class StoreWithMappedFiles extends TruncationGuard {
  #files;

  /**
   * @param {Store} inner
   * @param {MappedFiles} files
   */
  constructor(inner, files) {
    super(inner);
    this.#files = files;
  }

  /**
   * Returns the store of a memory after a file was mapped over part of it.
   *
   * @param {Store} store
   * @param {MappedFile} file
   */
  static over(store, file) {
    const { mappedFiles, unmapped } = store;
    const files = emptyList();
    for (let i = 0; i < mappedFiles.length; i++) {
      if (native.isMapped(unmapped.pages, mappedFiles[i].id)) append(files, mappedFiles[i]);
    }
    return new StoreWithMappedFiles(unmapped, append(files, file));
  }

  get mappedFiles() {
    return this.#files;
  }

  get unmapped() {
    return this.inner;
  }

  toHosted() {
    return this.#over(this.checkedInner("Memory.toWebAssembly()").toHosted());
  }

  toResizable() {
    const inner = this.checkedInner("Memory.toResizableBuffer()").toResizable();
    // It has copies of the files, which nobody can truncate.
    return inner.isShrinkable ? inner : this.#over(inner);
  }

  toFixedLength() {
    return this.#over(this.checkedInner("Memory.toFixedLengthBuffer()").toFixedLength());
  }

  /** @param {Store} inner */
  #over(inner) {
    return inner === this.inner ? this : new StoreWithMappedFiles(inner, this.#files);
  }

  /** @param {string} member */
  checkIntact(member) {
    const { pages } = this.inner;
    if (!native.hasLostPages(pages)) return;
    for (let i = 0; i < this.#files.length; i++) {
      const { path, id } = this.#files[i];
      if (native.hasLostPages(pages, id)) throw lostPages(member, path);
    }
  }
}

/**
 * Returns an empty list. Unlike with an array, a setter on `Array.prototype` does not intercept added values.
 *
 * @returns {MappedFiles}
 */
function emptyList() {
  const list = { __proto__: null, length: 0 };
  return list;
}

/**
 * @param {MappedFiles} list
 * @param {MappedFile} value
 */
function append(list, value) {
  list[list.length++] = value;
  return list;
}

module.exports = { StoreWithMappedFiles };
