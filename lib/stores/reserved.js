"use strict";

const {
  canBeDetached,
  isDetached,
  preventDetaching,
  checkDetachable,
  translateDetaching,
  detachByCloning,
  checkLength,
  MAX_PAGES,
} = require("../engine/buffers");
const { sizeLimit } = require("../webidl/descriptor");
const engine = require("../engine/memory");
const { call, translate } = require("../addon/errors");
const { rangeError } = require("../built-ins/errors");
const { features } = require("../engine/features");
const { keepAlive } = require("../engine/keep-alive");
const native = require("../../native");
const { setImmediate } = require("../built-ins/node");
const { ArrayBuffer, MathMin, Uint8Array } = require("../built-ins/primordials");
const { adopt } = require("../addon/realm");
const { BaseStore, checkGrowth, noResizableBuffer } = require("./store");

/**
 * @import { MemoryType, NewMemoryType } from "../webidl/descriptor"
 * @import { Store, StoreFile } from "./store"
 */

/**
 * The store of an unshared memory whose pages this package has reserved. The engine has them as an external
 * ArrayBuffer; each growth issues the next one. Transitions: `toHosted()` moves the pages into an engine
 * memory, `toResizable()` under a resizable buffer, from where they can come back.
 *
 * Native code that a program started (a write to a file, for example) keeps the buffer object that it was
 * given, and not the pages under it. So a detached buffer keeps the store alive that it came from, and the
 * store keeps the pages.
 *
 * @implements {Store}
 */
class ReservedStore extends BaseStore {
  #handle;
  /** @type {ArrayBuffer} */
  #buffer;
  /**
   * A view of the buffer's first byte. If the buffer is detached, the view has no such byte. This is the fastest
   * check for it.
   *
   * @type {Uint8Array}
   */
  #probe;
  #size;
  #hugePages;

  /**
   * @param {NewMemoryType} type
   * @param {{ hugePages: boolean }} options
   */
  constructor(type, { hugePages }) {
    super();
    const { id, buffer } = reserve(type, hugePages);
    /** @type {MemoryType} */
    this.type = type;
    this.#handle = id;
    this.#size = type.initial;
    this.#hugePages = hugePages;
    this.#setBuffer(/** @type {ArrayBuffer} */ (buffer));
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
    return this.#handle;
  }

  /** @param {number} delta */
  grow(delta) {
    const size = this.#size;
    checkGrowth(this.type, size, delta, "Memory.grow()");
    const buffer = this.#detachableBuffer("Memory.grow()");
    let next;
    try {
      next = native.grow(this.#handle, delta, buffer);
    } catch (error) {
      // As in the engine's own class, errors of grow() are RangeErrors.
      throw translateDetaching(error, "Memory.grow()", rangeError);
    }
    this.#size = size + delta;
    this.#setBuffer(next);
    keepAlive(this, buffer);
    return size;
  }

  /**
   * Grows the memory and the file that backs it. Adds also the pages that other processes have added to the file.
   *
   * @param {number} delta
   * @param {StoreFile} file
   */
  growWithFile(delta, { id, path }) {
    const { type } = this;
    checkGrowth(type, this.#size, delta, "Memory.grow()");
    const limit = MathMin(sizeLimit(type), MAX_PAGES);
    const buffer = this.#detachableBuffer("Memory.grow()");
    let grown;
    try {
      grown = native.growWithFile(this.#handle, id, delta, limit, buffer);
    } catch (error) {
      throw translateDetaching(error, `Memory.grow(): ${path}`, rangeError);
    }
    this.#size = grown.before + delta;
    this.#setBuffer(grown.buffer);
    keepAlive(this, buffer);
    return grown.before;
  }

  get addressSpace() {
    return native.reserved(this.#handle);
  }

  /** Decommits the pages, and detaches the buffer. */
  close() {
    const buffer = this.#detachableBuffer("Memory.close()");
    try {
      // The buffer that this returns keeps the addresses of `buffer` mapped, for native code that has them.
      this.#buffer = native.close(this.#handle, buffer);
    } catch (error) {
      throw translateDetaching(error, "Memory.close()");
    }
    keepAlive(this, buffer);
  }

  /**
   * Moves the pages into an engine memory. Returns the store that has it.
   *
   * @param {StoreFile} [file] the file that backs the memory, if it is written to
   * @param {(host: Store) => void} [check] called with that store before the pages move; may throw
   * @returns {Store}
   */
  toHosted(file = undefined, check = undefined) {
    const member = "Memory.toWebAssembly()";
    const buffer = this.#detachableBuffer(member);
    const host = this.#createHost(member);
    check?.(host);
    this.#moveOut(member, host.buffer, buffer, file);
    return host;
  }

  /**
   * Moves the pages under a resizable buffer: of an engine memory if those have any, otherwise an ArrayBuffer.
   * Returns the store that has it.
   *
   * @returns {Store}
   */
  toResizable() {
    const member = "Memory.toResizableBuffer()";
    if (!features.resizableBuffers.unshared)
      throw noResizableBuffer(
        "this engine has no resizable buffers over reserved pages (features.resizableBuffers.unshared is false)",
      );
    const buffer = this.#detachableBuffer(member);
    if (engine.hasResizable) {
      const host = this.#createHost(member).toResizable();
      this.#moveOut(member, host.buffer, buffer);
      return host;
    }
    const { ResizableStore } = require("./resizable");
    const destination = ResizableStore.createBuffer(member, this.type, this.#size);
    call(member, () => native.makeAnonymous(buffer));
    this.#moveOut(member, destination, buffer);
    return new ResizableStore(this, destination);
  }

  toFixedLength() {
    return this;
  }

  /** @param {string} member */
  #createHost(member) {
    const { HostedStore } = require("./hosted");
    return HostedStore.createHost(member, { ...this.type, initial: this.#size });
  }

  /**
   * Moves the pages out of the reservation, under a buffer that the engine made, and detaches the buffer that
   * they had.
   *
   * @param {string} member
   * @param {ArrayBuffer | SharedArrayBuffer} destination
   * @param {ArrayBuffer} buffer
   * @param {StoreFile} [file]
   */
  #moveOut(member, destination, buffer, file = undefined) {
    const view = new Uint8Array(destination);
    try {
      // The buffer that this returns keeps the addresses of `buffer` mapped, for native code that has them.
      this.#buffer =
        file === undefined
          ? native.moveOut(this.#handle, view, buffer)
          : native.moveOutWithFile(this.#handle, file.id, view, buffer);
    } catch (error) {
      throw translateDetaching(error, file === undefined ? member : `${member}: ${file.path}`);
    }
    keepAlive(this, buffer);
  }

  /**
   * Moves pages that have moved out back into the reservation: from under `buffer`, which it detaches. The memory
   * then has `size` pages. Returns a buffer that keeps the addresses of `buffer` mapped.
   *
   * @param {string} member
   * @param {ArrayBuffer} buffer
   * @param {number} size
   */
  moveBack(member, buffer, size) {
    let moved;
    let keeper;
    try {
      const movedBack = native.moveBack(this.#handle, buffer);
      moved = movedBack.buffer;
      keeper = movedBack.keeper ?? detachByCloning(buffer);
    } catch (error) {
      this.#undoMove(moved, buffer);
      throw translateDetaching(error, member);
    }
    this.#size = size;
    this.#setBuffer(moved);
    return keeper;
  }

  /**
   * Moves pages that have moved out on to another buffer that the engine made: from under `buffer`, which it
   * detaches. Returns a buffer that keeps the addresses of `buffer` mapped. (No function here knows the
   * destination: the stack of an error would keep both alive.)
   *
   * @param {string} member
   * @param {ArrayBuffer} buffer
   * @param {ArrayBuffer | SharedArrayBuffer} destination
   */
  moveOn(member, buffer, destination) {
    const view = new Uint8Array(destination);
    let moved;
    let keeper;
    try {
      keeper = native.moveOn(this.#handle, buffer, view);
      moved = view;
      keeper ??= detachByCloning(buffer);
    } catch (error) {
      this.#undoMove(moved, buffer);
      throw translateDetaching(error, member);
    }
    return keeper;
  }

  /**
   * Undoes a move after which the buffer could not be detached. If the addon itself has failed, there is no
   * move to undo.
   *
   * @param {ArrayBuffer | Uint8Array | undefined} moved
   * @param {ArrayBuffer} buffer
   */
  #undoMove(moved, buffer) {
    if (moved !== undefined) native.undoMove(this.#handle, moved, buffer);
  }

  /** @param {string} member */
  #detachableBuffer(member) {
    const { buffer } = this;
    checkDetachable(member, buffer);
    return buffer;
  }

  /** Issues the next buffer, if the program has detached the last one, for example by `transfer()`. */
  #reissue() {
    if (this.#size === 0) return isDetached(this.#buffer) ? this.#replaceEmpty() : this.#buffer;
    const member = "Memory.buffer: the program transferred it";
    const buffer = call(member, () => native.issue(this.#handle));
    return this.#setBuffer(/** @type {ArrayBuffer} */ (buffer));
  }

  /** Reserves another memory of no pages. The last one was released when its empty buffer was detached. */
  #replaceEmpty() {
    const { id, buffer } = reserve({ ...this.type, initial: 0 }, this.#hugePages);
    this.#handle = id;
    return this.#setBuffer(/** @type {ArrayBuffer} */ (buffer));
  }

  /**
   * Makes a buffer from the addon the memory's.
   *
   * @param {ArrayBuffer} buffer
   */
  #setBuffer(buffer) {
    preventDetaching(buffer);
    this.#buffer = adopt(buffer, ArrayBuffer);
    if (canBeDetached) this.#probe = this.#size === 0 ? EMPTY : new Uint8Array(buffer, 0, 1);
    return buffer;
  }
}

/** The probe of an empty buffer. It cannot show whether that buffer is detached. */
const EMPTY = new Uint8Array(0);

/**
 * Reserves a memory. Returns its handle, and the buffer that keeps it alive.
 *
 * @param {NewMemoryType} type
 * @param {boolean} hugePages
 */
function reserve(type, hugePages) {
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

/** Releases the ranges that the addon keeps for the next memories, when this turn of the event loop ends. */
function releaseSparesSoon() {
  if (willReleaseSpares) return;
  willReleaseSpares = true;
  setImmediate(() => {
    willReleaseSpares = false;
    native.releaseSpares();
  });
}

module.exports = { ReservedStore, reserve };
