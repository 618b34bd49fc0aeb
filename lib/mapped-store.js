"use strict";

const { canBeCutOff } = require("./buffers");
const { WatchedStore, lost } = require("./watched-store");
const native = require("../native");

/** A store that files' pages were put over parts of. */
class MappedStore extends WatchedStore {
  #files;

  /** @param files `{ path, id }` each: what `map()` was given, and what the addon knows it by */
  constructor(inner, files) {
    super(inner);
    this.#files = files;
  }

  /** The store of a memory after a file's pages were put over a part of it. */
  static over(store, file) {
    if (!(store instanceof MappedStore)) return new MappedStore(store, [file]);
    const there = native.mappedFiles(store.inner.pages);
    const files = store.#files.filter(({ id }) => there.includes(id));
    return new MappedStore(store.inner, [...files, file]);
  }

  toHosted() {
    return this.#over(this.intact("Memory.toWebAssembly()").toHosted());
  }

  toResizable() {
    const inner = this.intact("Memory.toResizableBuffer()").toResizable();
    // Copies of the files, which nobody can truncate.
    return canBeCutOff(inner) ? inner : this.#over(inner);
  }

  toFixedLength() {
    return this.#over(this.intact("Memory.toFixedLengthBuffer()").toFixedLength());
  }

  #over(inner) {
    return inner === this.inner ? this : new MappedStore(inner, this.#files);
  }

  checkIntact(member) {
    const lostIds = native.lostFiles(this.inner.pages);
    if (lostIds === null) return;
    for (const { path, id } of this.#files) {
      if (lostIds.includes(id)) throw lost(member, path);
    }
  }
}

module.exports = { MappedStore };
