"use strict";

const { WatchedStore, lost } = require("./truncation-guard");
const native = require("../../native");

/** A store that files' pages were put over parts of. */
class MappedStore extends WatchedStore {
  #files;

  /** @param files a list of `{ path, id }`: what `map()` was given, and what the addon knows it by */
  constructor(inner, files) {
    super(inner);
    this.#files = files;
  }

  /** Returns the store of a memory after a file was mapped over part of it. */
  static over(store, file) {
    const { mappedFiles, unmapped } = store;
    const files = emptyList();
    for (let i = 0; i < mappedFiles.length; i++) {
      if (native.isMapped(unmapped.pages, mappedFiles[i].id)) append(files, mappedFiles[i]);
    }
    return new MappedStore(unmapped, append(files, file));
  }

  get mappedFiles() {
    return this.#files;
  }

  get unmapped() {
    return this.inner;
  }

  toHosted() {
    return this.#over(this.intact("Memory.toWebAssembly()").toHosted());
  }

  toResizable() {
    const inner = this.intact("Memory.toResizableBuffer()").toResizable();
    // It has copies of the files, which nobody can truncate.
    return inner.isShrinkable ? inner : this.#over(inner);
  }

  toFixedLength() {
    return this.#over(this.intact("Memory.toFixedLengthBuffer()").toFixedLength());
  }

  #over(inner) {
    return inner === this.inner ? this : new MappedStore(inner, this.#files);
  }

  checkIntact(member) {
    const { pages } = this.inner;
    if (!native.hasLostPages(pages)) return;
    for (let i = 0; i < this.#files.length; i++) {
      const { path, id } = this.#files[i];
      if (native.hasLostPages(pages, id)) throw lost(member, path);
    }
  }
}

/** What a program has put on `Array.prototype` cannot take what is added to this. */
function emptyList() {
  return { __proto__: null, length: 0 };
}

function append(list, value) {
  list[list.length++] = value;
  return list;
}

module.exports = { MappedStore };
