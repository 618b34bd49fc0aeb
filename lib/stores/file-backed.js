"use strict";

const { PAGE } = require("../webidl/convert");
const { checkGrowth, sizeLimit } = require("../webidl/descriptor");
const { call } = require("../addon/errors");
const { TruncationGuard, lostPages } = require("./truncation-guard");
const native = require("../../native");
const { setImmediate } = require("../built-ins/node");
const { typeError, rangeError, setOwn } = require("../built-ins/errors");

/**
 * @import { FileToken } from "../identity/share-token"
 * @import { ReservedStore } from "./reserved"
 * @import { Store, StoreFile } from "./store"
 */

/**
 * Wraps the store of a file-backed memory: a reserved store if the memory is unshared, otherwise a hosted one. The
 * addon maps the file at the pages, and grows it with them. Transitions: `toHosted()` of the wrapped store; the
 * file moves with the pages.
 *
 * @implements {Store}
 */
class FileBackedStore extends TruncationGuard {
  #file;

  /**
   * @param {Store} inner
   * @param {StoreFile} file
   */
  constructor(inner, file) {
    super(inner);
    this.#file = file;
  }

  /**
   * Returns the store of a memory that another thread has, whose pages are in `inner`; undefined if the file is not
   * mapped there.
   *
   * @param {Store} inner
   * @param {FileToken} token
   */
  static open(inner, { id, path }) {
    const held = call(`Memory.from(): ${path}`, () => native.holdFile(id, inner.pages));
    return held === null ? undefined : new FileBackedStore(inner, { ...held, path });
  }

  get file() {
    return this.#file;
  }

  /**
   * Maps the file at the pages of a new memory. The file had `size` bytes when it was opened. If `isEmptied` is
   * true, empties it first. If this throws, the file is unchanged, unless the error reports what it lost.
   *
   * @param {string} member
   * @param {number} size
   * @param {boolean} isEmptied
   */
  begin(member, size, isEmptied) {
    const { id, isWritten } = this.#file;
    if (isWritten) this.#checkReserved(member, this.inner);
    this.#attempt(member, () =>
      native.beginFile(id, this.inner.pages, size, isEmptied, this.#reserved),
    );
  }

  /**
   * Grows the memory and the file. Adds also the pages that other processes have added to the file, or a module to
   * the memory.
   *
   * @param {number} delta
   */
  grow(delta) {
    const inner = this.checkedInner("Memory.grow()");
    if (!this.#file.isWritten) return inner.grow(delta);
    if (this.#reserved === undefined) return this.#growByEngine(inner, delta);
    return /** @type {ReservedStore} */ (inner).growWithFile(delta, this.#file);
  }

  /**
   * Grows a memory that only the engine can grow. Its `grow()` comes between the two halves of a growth of
   * the file, and must not be called by the addon: the termination of a thread would be lost in a native
   * frame. So the addon keeps the file locked for this thread in between.
   *
   * @param {Store} inner
   * @param {number} delta
   */
  #growByEngine(inner, delta) {
    const member = "Memory.grow()";
    const { id } = this.#file;
    checkGrowth(inner.type, inner.size, delta, member);
    releaseSoon();
    const { before, added } = this.#attempt(member, () =>
      native.beginEngineGrowth(id, inner.pages, delta, sizeLimit(inner.type)),
    );
    try {
      inner.grow(added);
    } catch (error) {
      const left = native.abandonEngineGrowth(inner.pages);
      if (left !== null) error.message += `. ${left}`;
      throw error;
    }
    let loss;
    try {
      loss = this.#attempt(member, () => native.finishEngineGrowth(inner.pages));
    } catch (cause) {
      throw withState(cause, added);
    }
    this.#refuse(member, loss);
    return before;
  }

  /**
   * Extends the file to the pages that a module has added, or that an earlier call could not give it.
   *
   * @param {string} member
   */
  reconcile(member) {
    this.checkIntact(member);
    const { id } = this.#file;
    this.#attempt(member, () => native.reconcileFile(id, this.inner.pages, this.#reserved));
  }

  /** The addon's handle of the memory, if the file is written to and the pages are reserved. */
  get #reserved() {
    return this.#file.isWritten ? this.inner.handle : undefined;
  }

  /**
   * Throws if the engine has reserved less than the memory can grow to: growth would move the memory.
   *
   * @param {string} member
   * @param {Store} store
   */
  #checkReserved(member, store) {
    if (!store.mayMove) return;
    const wanted = sizeLimit(store.type) * PAGE;
    const { reserved } = this.#attempt(member, () => store.addressSpace);
    if (reserved >= wanted) return;
    throw rangeError(
      "ERR_LINEAR_MEMORY_OUT_OF_MEMORY",
      `${member}: ${this.#file.path}: the engine reserved only ${reserved} of the ${wanted} bytes that the memory can grow to; growing would move the memory away from the file's pages. Try a smaller maximum`,
    );
  }

  toHosted() {
    const member = "Memory.toWebAssembly()";
    const inner = this.checkedInner(member);
    if (this.#reserved === undefined) return this.#over(inner.toHosted());
    const check = (/** @type {Store} */ host) => this.#checkReserved(member, host);
    return this.#over(/** @type {ReservedStore} */ (inner).toHosted(this.#file, check));
  }

  /** @param {Store} inner */
  #over(inner) {
    return inner === this.inner ? this : new FileBackedStore(inner, this.#file);
  }

  /** @returns {never} */
  toResizable() {
    throw typeError(
      "ERR_LINEAR_MEMORY_FILE_BACKED",
      `Memory.toResizableBuffer(): not supported for a file mapping (${this.#file.path}), which resizing would not extend`,
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
    // Writes the bytes of the last page that the file does not have yet. Lost pages do not keep a memory open.
    if (this.#reserved !== undefined) this.#check("Memory.close()");
    this.inner.close();
    native.releaseFile(this.#file.holder, this.#file.owner);
  }

  /** @param {string} member */
  checkIntact(member) {
    this.#refuse(member, this.#check(member));
  }

  /** @param {string} member */
  #check(member) {
    const { id } = this.#file;
    return this.#attempt(member, () => native.checkFile(id, this.inner.pages, this.#reserved));
  }

  /**
   * Throws if something has made the memory unusable.
   *
   * @param {string} member
   * @param {"truncated" | "moved" | null} loss
   */
  #refuse(member, loss) {
    const { path } = this.#file;
    if (loss === "truncated") throw lostPages(member, path);
    if (loss === "moved") {
      throw rangeError(
        "ERR_LINEAR_MEMORY_FILE_DISCONNECTED",
        `${member}: ${path}: growing moved the memory away from the file's pages; the bytes stored since then are not in the file`,
      );
    }
  }

  /**
   * @template T
   * @param {string} member
   * @param {() => T} action
   */
  #attempt(member, action) {
    return call(`${member}: ${this.#file.path}`, action);
  }
}

/**
 * Returns an error whose text adds that the engine memory has grown: other threads may use its new pages.
 *
 * @param {Error & { code: string, errno?: number }} cause
 * @param {number} added
 */
function withState(cause, added) {
  const state = `The memory has grown by ${added} pages, but new pages are not the file's yet`;
  const message = `${cause.message}. ${state}: grow(0) or flush() maps them`;
  const error = rangeError(cause.code, message, cause);
  if (cause.errno !== undefined) setOwn(error, "errno", cause.errno);
  return error;
}

let willRelease = false;

/**
 * Releases the lock of a growth that a termination has cut off: neither `catch` nor `finally` runs then. A
 * thread that ends releases it by itself. One that goes on, after a timeout of `vm`, does so in a turn of its
 * event loop.
 */
function releaseSoon() {
  if (willRelease) return;
  willRelease = true;
  setImmediate(() => {
    willRelease = false;
    native.releaseEngineGrowth();
  });
}

module.exports = { FileBackedStore };
