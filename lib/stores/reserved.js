"use strict";

const {
  canBeDetached,
  isDetached,
  protect,
  checkDetachable,
  translateDetaching,
  moveToClone,
  checkLength,
  MOST_PAGES,
} = require("../engine/buffers");
const { BaseStore, checkGrowth } = require("./store");
const { sizeLimit } = require("../webidl/descriptor");
const engine = require("../engine/memory");
const { translate } = require("../addon/errors");
const { features } = require("../engine/features");
const { keepAlive } = require("../engine/keep-alive");
const native = require("../../native");
const { setImmediate } = require("../built-ins/node");
const { ArrayBuffer, MathMin, RangeError, Uint8Array } = require("../built-ins/primordials");
const { adopt } = require("../addon/realm");

/**
 * Pages of our own, unshared, handed to the engine as an ArrayBuffer that every growth reissues.
 *
 * Native code that a program started (a write to a file, say) keeps the buffer object it was given,
 * not the pages under it. So a detached buffer keeps the store alive that it came from, and with it
 * the pages.
 */
class ReservedStore extends BaseStore {
  #id;
  #buffer;
  /**
   * A view of the buffer's first byte. A detached one has none, nor has that of no pages: asking that is
   * the fastest way.
   */
  #probe;
  #size;
  #hugePages;

  constructor(type, { hugePages }) {
    super();
    const { id, buffer } = issue(type, hugePages);
    this.type = type;
    this.#id = id;
    this.#size = type.initial;
    this.#hugePages = hugePages;
    this.#hold(buffer);
  }

  get isShared() {
    return false;
  }

  get size() {
    return this.#size;
  }

  get buffer() {
    return canBeDetached && !(0 in this.#probe) ? this.#reissue() : this.#buffer;
  }

  get needsHiddenClasses() {
    return true;
  }

  get handle() {
    return this.#id;
  }

  grow(delta) {
    const size = this.#size;
    checkGrowth(this.type, size, delta, "Memory.grow()");
    const buffer = this.#detachable("Memory.grow()");
    let next;
    try {
      next = native.grow(this.#id, delta, buffer);
    } catch (error) {
      // As the engine's own class: what grow() throws is a RangeError.
      throw translateDetaching(error, "Memory.grow()", RangeError);
    }
    this.#size = size + delta;
    this.#hold(next);
    keepAlive(this, buffer);
    return size;
  }

  /** Grows with the file that the memory is, also by the pages that other processes have added to it. */
  growWithFile(delta, { id, path }) {
    const { type } = this;
    checkGrowth(type, this.#size, delta, "Memory.grow()");
    const limit = MathMin(sizeLimit(type), MOST_PAGES);
    const buffer = this.#detachable("Memory.grow()");
    let grown;
    try {
      grown = native.growWithFile(this.#id, id, delta, limit, buffer);
    } catch (error) {
      throw translateDetaching(error, `Memory.grow(): ${path}`, RangeError);
    }
    this.#size = grown.before + delta;
    this.#hold(grown.buffer);
    keepAlive(this, buffer);
    return grown.before;
  }

  get addressSpace() {
    return native.reserved(this.#id);
  }

  /** Gives the pages back, and detaches the buffer. */
  close() {
    const { buffer } = this;
    checkDetachable("Memory.close()", buffer);
    try {
      // What it returns keeps the addresses mapped that `buffer` had, for those who hold it.
      this.#buffer = native.close(this.#id, buffer);
    } catch (error) {
      throw translateDetaching(error, "Memory.close()");
    }
    keepAlive(this, buffer);
  }

  /**
   * Moves the pages into a WebAssembly.Memory, and returns the store that holds it.
   *
   * @param file the file that the memory is, if it is written to
   * @param check is called with that store before, and may throw
   */
  toHosted(file = undefined, check = undefined) {
    return this.#moveToHost("Memory.toWebAssembly()", engine.bufferOf, file, check);
  }

  /** Moves the pages where a resizable buffer can be over them, and returns the store that has it. */
  toResizable() {
    const member = "Memory.toResizableBuffer()";
    const { makeResizable, noResizable } = require("./hosted");
    if (engine.hasResizable) return this.#moveToHost(member, makeResizable);
    if (!features.resizableBuffers.unshared) throw noResizable("this engine makes none");
    const buffer = this.#detachable(member);
    const { ResizableStore } = require("./resizable");
    const next = ResizableStore.createBuffer(member, this.type, this.#size);
    try {
      native.makeAnonymous(buffer);
    } catch (error) {
      throw translate(error, member);
    }
    this.#moveUnder(member, next, buffer);
    return new ResizableStore(this, next);
  }

  toFixedLength() {
    return this;
  }

  /**
   * Takes the pages back from under `buffer`, which are the memory's `size` from now on, and detaches
   * that. Returns what keeps its addresses mapped.
   */
  moveBack(member, buffer, size) {
    let moved;
    let keeper;
    try {
      const movedBack = native.moveBack(this.#id, buffer);
      moved = movedBack.buffer;
      keeper = movedBack.keeper ?? moveToClone(buffer);
    } catch (error) {
      this.#undoMove(moved, buffer);
      throw translateDetaching(error, member);
    }
    this.#size = size;
    this.#hold(moved);
    return keeper;
  }

  /**
   * Moves the pages on from where they went, under `destination`; otherwise as `moveBack`. (Nothing here is
   * a function that knows the destination: the error would keep both alive.)
   */
  moveOn(member, buffer, destination) {
    const view = new Uint8Array(destination);
    let moved;
    let keeper;
    try {
      keeper = native.moveOn(this.#id, buffer, view);
      moved = view;
      keeper ??= moveToClone(buffer);
    } catch (error) {
      this.#undoMove(moved, buffer);
      throw translateDetaching(error, member);
    }
    return keeper;
  }

  /** Undoes a move, unless the addon itself has failed: the buffer could not be detached. */
  #undoMove(moved, buffer) {
    if (moved !== undefined) native.undoMove(this.#id, moved, buffer);
  }

  /**
   * Moves the pages into a WebAssembly.Memory, under the buffer of it that `bufferOf` returns. The rest is as
   * in `toHosted`.
   */
  #moveToHost(member, bufferOf, file = undefined, check = undefined) {
    const { type } = this;
    const buffer = this.#detachable(member);
    const { HostedStore, createHost } = require("./hosted");
    const memory = createHost(member, { ...type, initial: this.#size });
    const store = new HostedStore(memory, type);
    check?.(store);
    this.#moveUnder(member, bufferOf(memory), buffer, file);
    return store;
  }

  /** Moves the pages under a buffer of the engine's, and detaches the one that they had. */
  #moveUnder(member, next, buffer, file = undefined) {
    const view = new Uint8Array(next);
    try {
      // What it returns keeps the addresses mapped that `buffer` had, for those who hold it.
      this.#buffer =
        file === undefined
          ? native.moveOut(this.#id, view, buffer)
          : native.moveOutWithFile(this.#id, file.id, view, buffer);
    } catch (error) {
      throw translateDetaching(error, file === undefined ? member : `${member}: ${file.path}`);
    }
    keepAlive(this, buffer);
  }

  /** The buffer, where we can detach it. */
  #detachable(member) {
    const { buffer } = this;
    checkDetachable(member, buffer);
    return buffer;
  }

  /** The next buffer, if a program detached the one that it was given, by `transfer()` for example. */
  #reissue() {
    if (this.#size === 0) return isDetached(this.#buffer) ? this.#startAgain() : this.#buffer;
    let buffer;
    try {
      buffer = native.issue(this.#id);
    } catch (error) {
      throw translate(error, "Memory.buffer: it was transferred, and its pages with it");
    }
    return this.#hold(buffer);
  }

  /** Takes another memory of no pages: the one before has gone with its empty buffer. */
  #startAgain() {
    const { id, buffer } = issue({ ...this.type, initial: 0 }, this.#hugePages);
    this.#id = id;
    return this.#hold(buffer);
  }

  /** Takes a buffer that the addon has made as the memory's. */
  #hold(buffer) {
    protect(buffer);
    this.#buffer = adopt(buffer, ArrayBuffer);
    if (canBeDetached) this.#probe = this.#size === 0 ? EMPTY : new Uint8Array(buffer, 0, 1);
    return buffer;
  }
}

/** The view of a buffer without bytes: of these, only the buffer itself tells whether it is detached. */
const EMPTY = new Uint8Array(0);

/** A new memory of the addon's: its number, and the buffer that keeps it alive. */
function issue(type, hugePages = false) {
  checkLength("Memory", type.initial);
  // The addon reserves no more than a memory can have.
  const maximum = type.maximum === undefined ? undefined : sizeLimit(type);
  releaseSparesSoon();
  try {
    return native.create(type.initial, maximum, type.shared, hugePages);
  } catch (error) {
    throw translate(error, "Memory");
  }
}

let willReleaseSpares = false;

/** The addon keeps released ranges for the next memories of this turn of the event loop. */
function releaseSparesSoon() {
  if (willReleaseSpares) return;
  willReleaseSpares = true;
  setImmediate(() => {
    willReleaseSpares = false;
    native.releaseSpares();
  });
}

module.exports = { ReservedStore, issue };
