"use strict";

const { PAGE } = require("./convert");
const { checkGrowth } = require("./descriptor");
const { translate } = require("./errors");
const native = require("../native");

/**
 * Pages of a file, under another store: reserved, where the memory is unshared, else hosted. What is
 * of the file is decided in the addon; here is what that other store does in between.
 */
class FileStore {
  #inner;
  #file;

  /**
   * @param inner the store, over pages that are still the file's as little as any
   * @param file as `takeFile` in lib/open.js returns it
   */
  constructor(inner, file) {
    this.#inner = inner;
    this.#file = file;
  }

  /** The store of a memory that another thread has, in `inner`. */
  static open(inner, { id, path }) {
    const held = attempt({ path }, "Memory.from()", () => native.holdFile(id, inner.pages));
    return held === null ? undefined : new FileStore(inner, { ...held, path });
  }

  /** Puts the file's pages under the memory. */
  static over(inner, file, member) {
    const store = new FileStore(inner, file);
    attempt(file, member, () => native.coverWithFile(file.id, inner.pages));
    return store;
  }

  get type() {
    return this.#inner.type;
  }

  get isShared() {
    return this.#inner.isShared;
  }

  get size() {
    return this.#intact("Memory").size;
  }

  get buffer() {
    return this.#intact("Memory.buffer").buffer;
  }

  get pages() {
    return this.#intact("Memory").pages;
  }

  get address() {
    return this.#inner.address;
  }

  get memory() {
    return this.#inner.memory;
  }

  get reserved() {
    return this.#inner.reserved;
  }

  get file() {
    return this.#file;
  }

  /** Also takes in what other processes, or a module, have added. */
  grow(delta) {
    const inner = this.#intact("Memory.grow()");
    if (!this.#file.isWritten) {
      return inner.grow(delta);
    }
    let before;
    // Thrown in between, an error is passed on as it is.
    native.withFileLocked(this.#file.id, () => {
      this.#follow();
      before = inner.size;
      if (delta === 0) inner.grow(0);
      else this.#extend(inner, before, delta);
    });
    return before;
  }

  /** Grows the memory as far as other processes have grown the file. */
  #follow() {
    const length = this.#attempt("Memory.grow()", () => native.fileLength(this.#file.id));
    const added = Math.ceil(length / PAGE) - this.#inner.size;
    if (added <= 0) return;
    this.#inner.grow(added);
    this.#cover("Memory.grow()");
  }

  #extend(inner, before, delta) {
    const { id } = this.#file;
    checkGrowth(inner.type, before, delta);
    const length = this.#attempt("Memory.grow()", () => native.fileLength(id));
    this.#attempt("Memory.grow()", () =>
      native.extendFile(id, inner.pages, (before + delta) * PAGE),
    );
    try {
      inner.grow(delta);
    } catch (error) {
      native.shrinkFile(id, inner.pages, length);
      throw error;
    }
    this.#cover("Memory.grow()");
  }

  #cover(member) {
    this.#attempt(member, () => native.coverWithFile(this.#file.id, this.#inner.pages));
  }

  /** Gives the file what a module has added; the rest is there already. */
  settle(member) {
    const { id, isWritten } = this.#file;
    const inner = this.#intact(member);
    if (!isWritten) return;
    native.withFileLocked(id, () => {
      const length = this.#attempt(member, () => native.fileLength(id));
      if (inner.size <= Math.ceil(length / PAGE)) return;
      this.#attempt(member, () => native.extendFile(id, inner.pages, inner.size * PAGE));
      this.#cover(member);
    });
  }

  toHosted() {
    return new FileStore(this.#intact("Memory.toWebAssembly()").toHosted(), this.#file);
  }

  toResizable() {
    throw new TypeError(
      `Memory.toResizableBuffer(): a program could resize it without the file (${this.#file.path})`,
    );
  }

  toFixedLength() {
    return this;
  }

  toToken() {
    const { id, path } = this.#file;
    return { ...this.#inner.toToken(), file: { id, path: `${path}` } };
  }

  close() {
    this.#inner.close();
  }

  #attempt(member, action) {
    return attempt(this.#file, member, action);
  }

  /** The store below; throws where the file has lost pages that were mapped. */
  #intact(member) {
    const inner = this.#inner;
    if (native.wasTruncated(inner.pages)) {
      throw new RangeError(
        `${member}: ${this.#file.path}: truncated by another while it was mapped; what was lost reads zero`,
      );
    }
    return inner;
  }
}

function attempt({ path }, member, action) {
  try {
    return action();
  } catch (error) {
    throw translate(error, `${member}: ${path}`);
  }
}

module.exports = { FileStore };
