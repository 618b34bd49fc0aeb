"use strict";

const { PAGE, showPages } = require("../webidl/convert");
const { checkGrowth, sizeLimit } = require("../webidl/descriptor");
const { translate } = require("../addon/errors");
const { setOwn } = require("../built-ins/errors");
const { WatchedStore, lost } = require("./truncation-guard");
const native = require("../../native");
const { setImmediate } = require("../built-ins/node");
const { MathCeil, MathMax, MathMin, RangeError, TypeError } = require("../built-ins/primordials");

const SYSTEM_PAGE = native.systemPage();

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
      const length = this.#fileLength(member);
      const before = this.#sizeWith(member, length);
      checkGrowth(inner.type, before, delta);
      const size = before + delta;
      const added = size - inner.size;
      const isHosted = this.#reserved === undefined;
      this.#undoing(length, () => {
        if (size > MathCeil(length / PAGE)) this.#extendFile(member, size * PAGE);
        // What a module has added before.
        if (isHosted && added === 0) this.#cover(member);
        // Under reserved pages, the file's are put before the memory has grown.
        inner.grow(added, { id: this.#file.id, length });
      });
      if (isHosted && added > 0) this.#coverGrown(member, added);
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
    return native.hasTakenIn(this.#file.id, this.inner.pages);
  }

  #takeIn(member) {
    if (this.#isTakenIn()) return;
    const length = this.#fileLength(member);
    this.#undoing(length, () => {
      this.#extendFile(member, MathMax(this.inner.size * PAGE, length));
      this.#cover(member);
    });
  }

  /** How many pages the memory has after it has grown as far as other processes have grown the file. */
  #sizeWith(member, length) {
    const { size, type } = this.inner;
    const pages = MathCeil(length / PAGE);
    if (pages > sizeLimit(type)) {
      const shown = (count) => showPages(count, type.address);
      throw new RangeError(
        `${member}: ${this.#file.path}: has grown to ${shown(pages)} pages, more than the limit of ${shown(sizeLimit(type))}`,
      );
    }
    return MathMax(size, pages);
  }

  /** The same, after an engine memory has grown: other threads may use its new pages already. */
  #coverGrown(member, added) {
    this.checkIntact(member);
    try {
      this.#cover(member);
    } catch (cause) {
      const { message, errno, code } = cause;
      const state = `The memory has grown by ${added} pages, but new pages are not the file's yet`;
      const error = new RangeError(`${message}. ${state}: grow(0) or flush() mends that`, {
        cause,
      });
      setOwn(error, "errno", errno);
      setOwn(error, "code", code);
      throw error;
    }
  }

  /** Calls `action`; if it throws, the file has `length` bytes again. */
  #undoing(length, action) {
    try {
      action();
    } catch (error) {
      const { id } = this.#file;
      if (!native.shrinkFile(id, this.inner.pages, length, this.#reserved)) {
        error.message += `. The file could not be made ${length} bytes long again: it stays longer`;
      }
      throw error;
    }
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
    const { id } = this.#file;
    this.#attempt(member, () => native.coverWithFile(id, this.inner.pages, least, this.#reserved));
  }

  /**
   * Begins a memory that was just made: of a file that has `size` bytes, and is to have `initial` pages.
   * If `isEmptied` is true, none of its bytes are left. If this throws, the file is as it was, unless the
   * error says what it lost.
   */
  begin(member, size, initial, isEmptied) {
    if (!this.#file.isWritten) {
      this.#cover(member, size);
      return;
    }
    this.#checkReserved(member, this.inner);
    this.#locked(member, () => {
      try {
        this.#beginWritten(member, size, initial, isEmptied);
      } catch (error) {
        // Only then can the file be closed before the memory is collected.
        if (this.#reserved !== undefined) native.forgetFile(this.#reserved);
        throw error;
      }
    });
  }

  #beginWritten(member, size, initial, isEmptied) {
    const { id } = this.#file;
    const before = this.#fileLength(member);
    const length = initial * PAGE;
    // A file that is long enough stays as it is, whole pages or not.
    const isChanged = isEmptied || MathCeil(size / PAGE) < initial;
    try {
      if (isChanged) this.#extendFile(member, length);
      if (isEmptied) this.#attempt(member, () => native.fillFile(id, MathMin(before, length)));
      this.#cover(member, isChanged ? length : size);
      // Last, since it cannot be undone: by now there is room for all zeros that have to be written.
      if (isEmptied) this.#attempt(member, () => native.clearFile(id, before, length));
    } catch (error) {
      this.#cutBack(before, error);
      throw error;
    }
  }

  /** Takes back that the file was extended for a memory that nobody gets, since `error` was thrown. */
  #cutBack(length, error) {
    try {
      native.cutFile(this.#file.id, length);
    } catch ({ message }) {
      error.message += `; the file is longer than its ${length} bytes by zeros: ${message}`;
    }
  }

  /** Number of the memory, if its pages are reserved, and no engine memory's. */
  get #reserved() {
    return this.#file.isWritten && !this.inner.isShared ? this.inner.handle : undefined;
  }

  /** An engine that has not reserved all that a memory can grow to would move it away from the file. */
  #checkReserved(member, store) {
    if (store.engineMemory === undefined || store.isShared) return;
    const wanted = sizeLimit(store.type) * PAGE;
    const { reserved } = this.#attempt(member, () => store.addressSpace);
    if (reserved >= wanted) return;
    throw new RangeError(
      `${member}: ${this.#file.path}: the engine could reserve ${reserved} bytes only, of the ${wanted} that the memory can grow to; it would move the memory away from the file's pages when it grows. A smaller maximum may help`,
    );
  }

  toHosted() {
    const member = "Memory.toWebAssembly()";
    const inner = this.intact(member);
    if (!this.#file.isWritten) return this.#over(inner.toHosted());
    if (this.#reserved === undefined) return this.#over(inner.toHosted());
    return this.#locked(member, () => {
      const length = this.#fileLength(member);
      let hosted;
      this.#undoing(length, () => {
        // Nobody can write back what is in the last page when an engine memory goes.
        this.#extendFile(member, MathCeil(length / SYSTEM_PAGE) * SYSTEM_PAGE);
        this.#cover(member);
        hosted = inner.toHosted((store) => this.#checkReserved(member, store));
      });
      native.rebaseFile(this.#file.id, hosted.pages);
      return this.#over(hosted);
    });
  }

  #over(inner) {
    return inner === this.inner ? this : new FileStore(inner, this.#file);
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
    // Brings the file in step. What was lost is no reason to keep the memory.
    if (this.#reserved !== undefined) this.#check("Memory.close()");
    this.inner.close();
    native.releaseFile(this.#file.holder, this.#file.owner);
  }

  checkIntact(member) {
    const { path } = this.#file;
    const what = this.#check(member);
    if (what === "truncated") throw lost(member, path);
    if (what === "moved") {
      throw new RangeError(
        `${member}: ${path}: the engine has moved the memory away from the file's pages when it grew; what was stored since then is not in the file`,
      );
    }
  }

  #check(member) {
    const { id } = this.#file;
    return this.#attempt(member, () => native.checkFile(id, this.inner.pages, this.#reserved));
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
