"use strict";

const { canBeCutOff } = require("./buffers");
const { WatchedStore, lost } = require("./watched-store");
const native = require("../native");

/** A store that bytes of files were put over parts of. */
class MappedStore extends WatchedStore {
  #parts;

  /** @param parts of the memory: `{ path, offset, length }` each, in bytes */
  constructor(inner, parts) {
    super(inner);
    this.#parts = parts;
  }

  /** The store of a memory after a file's bytes were put over a part of it. */
  static over(store, part) {
    if (!(store instanceof MappedStore)) return new MappedStore(store, [part]);
    const end = part.offset + part.length;
    const others = store.#parts.filter(
      ({ offset, length }) => offset < part.offset || end < offset + length,
    );
    return new MappedStore(store.inner, [...others, part]);
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
    return inner === this.inner ? this : new MappedStore(inner, this.#parts);
  }

  checkIntact(member) {
    const { pages } = this.inner;
    for (const { path, offset, length } of this.#parts) {
      if (native.wasPartTruncated(pages, offset, length)) throw lost(member, path);
    }
  }
}

module.exports = { MappedStore };
