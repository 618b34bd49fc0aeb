"use strict";

const { setImmediate } = require("node:timers");

const { PAGE, showPages } = require("./convert");
const { checkGrowth, sizeLimit } = require("./descriptor");
const { translate } = require("./errors");
const { WatchedStore, lost } = require("./watched-store");
const native = require("../native");

/**
 * Pages of a file, under another store: reserved, where the memory is unshared, else hosted. What is
 * of the file is decided in the addon; here is what that other store does in between.
 */
class FileStore extends WatchedStore {
  #file;

  /**
   * @param inner the store, over pages that are still the file's as little as any
   * @param file as `takeFile` in lib/open.js returns it
   */
  constructor(inner, file) {
    super(inner);
    this.#file = file;
  }

  /** The store of a memory that another thread has, in `inner`. */
  static open(inner, { id, path }) {
    let held;
    try {
      held = native.holdFile(id, inner.pages);
    } catch (error) {
      throw translate(error, `Memory.from(): ${path}`);
    }
    return held === null ? undefined : new FileStore(inner, { ...held, path });
  }

  get file() {
    return this.#file;
  }

  /** Also takes in what other processes, or a module, have added. */
  grow(delta) {
    const member = "Memory.grow()";
    const inner = this.intact(member);
    if (!this.#file.isWritten) return inner.grow(delta);
    return this.#locked(member, () => {
      this.#takeIn(member);
      this.#follow(member);
      const before = inner.size;
      if (delta === 0) inner.grow(0);
      else this.#extend(member, before, delta);
      return before;
    });
  }

  /** Gives the file what a module has added, or what it could not be given before. */
  settle(member) {
    this.intact(member);
    if (this.#file.isWritten && !this.#isTakenIn()) {
      this.#locked(member, () => this.#takeIn(member));
    }
  }

  #isTakenIn() {
    return this.inner.size <= Math.ceil(native.coveredByFile(this.#file.id) / PAGE);
  }

  #takeIn(member) {
    if (this.#isTakenIn()) return;
    const needed = this.inner.size * PAGE;
    this.#extendFile(member, Math.max(needed, this.#fileLength(member)));
    this.#cover(member);
  }

  /** Grows the memory as far as other processes have grown the file. */
  #follow(member) {
    const { inner } = this;
    const { type } = inner;
    const pages = Math.ceil(this.#fileLength(member) / PAGE);
    if (pages > sizeLimit(type)) {
      const shown = (count) => showPages(count, type.address);
      throw new RangeError(
        `${member}: ${this.#file.path}: has grown to ${shown(pages)} pages, more than the limit of ${shown(sizeLimit(type))}`,
      );
    }
    if (pages > inner.size) inner.grow(pages - inner.size);
    this.#cover(member);
  }

  #extend(member, before, delta) {
    const { inner } = this;
    checkGrowth(inner.type, before, delta);
    const length = this.#fileLength(member);
    this.#extendFile(member, (before + delta) * PAGE);
    try {
      inner.grow(delta);
    } catch (error) {
      native.shrinkFile(this.#file.id, inner.pages, length);
      throw error;
    }
    // Where that fails, the pages are like those that a module adds: taken in the next time.
    this.#cover(member);
  }

  /** Returns the result of `action`. No other thread or process changes the file's length meanwhile. */
  #locked(member, action) {
    unlockSoon();
    this.#attempt(member, () => native.lockFile(this.#file.id));
    try {
      return action();
    } finally {
      native.unlockFile();
    }
  }

  #fileLength(member) {
    return this.#attempt(member, () => native.fileLength(this.#file.id));
  }

  #extendFile(member, length) {
    this.#attempt(member, () => native.extendFile(this.#file.id, this.inner.pages, length));
  }

  /** Puts the file's pages under the memory's; throws where the file has fewer than `least` bytes. */
  #cover(member, least = 0) {
    this.#attempt(member, () => native.coverWithFile(this.#file.id, this.inner.pages, least));
  }

  /**
   * Begins a memory that was just made: of a file that has `size` bytes, and is to have `initial` pages.
   * If `isEmptied` is true, none of its bytes are left. If this throws, the file is as it was, unless the
   * error says what it lost.
   */
  begin(member, size, initial, isEmptied) {
    const { isWritten } = this.#file;
    // A file that is long enough stays as it is, whole pages or not.
    const isShort = isWritten && Math.ceil(size / PAGE) < initial;
    if (isShort || isEmptied) this.#locked(member, () => this.#change(member, initial, isEmptied));
    else this.#cover(member, size);
  }

  #change(member, initial, isEmptied) {
    const { id } = this.#file;
    const length = initial * PAGE;
    const before = this.#fileLength(member);
    try {
      this.#extendFile(member, length);
      if (isEmptied) this.#attempt(member, () => native.fillFile(id, Math.min(before, length)));
      this.#cover(member, length);
      // Last, since it cannot be undone: by now there is room for all zeros that have to be written.
      if (isEmptied) this.#attempt(member, () => native.clearFile(id, before, length));
    } catch (error) {
      this.#cutBack(before, error);
      throw error;
    }
  }

  /** Takes back that the file was extended, for what failed with `error`. */
  #cutBack(length, error) {
    try {
      native.cutFile(this.#file.id, length);
    } catch ({ message }) {
      error.message += `; the file is longer than its ${length} bytes by zeros: ${message}`;
    }
  }

  toHosted() {
    const { inner } = this;
    const hosted = this.intact("Memory.toWebAssembly()").toHosted();
    return hosted === inner ? this : new FileStore(hosted, this.#file);
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
    return { ...this.inner.toToken(), file: { id, path: `${path}` } };
  }

  close() {
    this.inner.close();
    native.releaseFile(this.#file.holder, this.#file.owner);
  }

  checkIntact(member) {
    const { id, path } = this.#file;
    if (native.wasTruncated(id, this.inner.pages)) throw lost(member, path);
  }

  #attempt(member, action) {
    try {
      return action();
    } catch (error) {
      throw translate(error, `${member}: ${this.#file.path}`);
    }
  }
}

let willUnlock = false;

/**
 * Releases a lock that a termination has left: `finally` does not run then. A thread that ends releases
 * its lock by itself; one that goes on, after a timeout of `vm`, does so in a turn of its event loop.
 */
function unlockSoon() {
  if (willUnlock) return;
  willUnlock = true;
  setImmediate(() => {
    willUnlock = false;
    native.unlockFile();
  });
}

module.exports = { FileStore };
