"use strict";

const { typeError, rangeError } = require("../built-ins/errors");
const { canBeDetached, preventDetaching, checkDetachable, detach } = require("../engine/buffers");
const { PAGE, toIndex } = require("../webidl/convert");
const { keepAlive } = require("../engine/keep-alive");
const native = require("../../native");
const primordials = require("../built-ins/primordials");
const { HostedStore } = require("./hosted");
const { BaseStore, checkGrowth } = require("./store");

/**
 * @import { MemoryType } from "../webidl/descriptor"
 * @import { ReservedStore } from "./reserved"
 * @import { Store } from "./store"
 */

const {
  ArrayBuffer,
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeTransfer,
  ArrayBufferPrototypeTransferToFixedLength,
  MathCeil,
  MathMax,
  NumberIsInteger,
  ObjectDefineProperty,
  ReflectApply,
  WeakMap,
  WeakMapPrototypeDelete,
  WeakMapPrototypeGet,
  WeakMapPrototypeHas,
  WeakMapPrototypeSet,
} = primordials;

// This module only loads on engines that have resizable buffers.
const { ArrayBufferPrototypeGetMaxByteLength, ArrayBufferPrototypeResize } =
  /** @type {{ [K in keyof typeof primordials]: NonNullable<typeof primordials[K]> }} */ (
    primordials
  );

/**
 * The store of an unshared memory whose pages have moved under a resizable ArrayBuffer, on engines that have
 * such buffers, but no resizable buffers of engine memories. Transitions: `toFixedLength()` moves the pages
 * back into the reservation that they have left, `toHosted()` on into an engine memory.
 *
 * The engine does not know that this is the buffer of a memory. So the buffer has a `resize()` of its own; see
 * also `checkIntact()`.
 *
 * @implements {Store}
 */
class ResizableStore extends BaseStore {
  #reservation;
  #buffer;
  #size;

  /**
   * @param {ReservedStore} reservation the store that the pages have left
   * @param {ArrayBuffer} buffer
   */
  constructor(reservation, buffer) {
    super();
    this.#reservation = reservation;
    this.#buffer = buffer;
    this.#size = reservation.size;
    WeakMapPrototypeSet(stores, buffer, this);
  }

  /**
   * Creates a buffer that the pages of a memory can move under: as long as they are, and resizable to the
   * maximum of the memory.
   *
   * @param {string} member
   * @param {MemoryType} type
   * @param {number} size
   */
  static createBuffer(member, type, size) {
    const maxByteLength = mostBytes(type);
    let buffer;
    try {
      const options = { __proto__: null, maxByteLength };
      buffer = new ArrayBuffer(size * PAGE, options);
    } catch (cause) {
      throw rangeError(
        "ERR_LINEAR_MEMORY_OUT_OF_MEMORY",
        `${member}: maximum: the engine could not reserve ${maxByteLength} bytes: ${cause.message}`,
        cause,
      );
    }
    native.setDetachKey(buffer);
    preventDetaching(buffer);
    defineMethod(buffer, "resize", ownResize);
    if (canBeDetached) {
      defineMethod(buffer, "transfer", ownTransfer);
      defineMethod(buffer, "transferToFixedLength", ownTransferToFixedLength);
    }
    return buffer;
  }

  get type() {
    return this.#reservation.type;
  }

  get isShared() {
    return false;
  }

  get isShrinkable() {
    return true;
  }

  get size() {
    return this.#size;
  }

  get buffer() {
    this.checkIntact("Memory.buffer");
    return this.#buffer;
  }

  /** @param {number} delta */
  grow(delta) {
    return this.#grow("Memory.grow()", delta);
  }

  /**
   * Grows to a length in bytes. This is the JS API's HostResizeArrayBuffer.
   *
   * @param {number} length
   */
  resize(length) {
    const member = "ArrayBuffer.resize()";
    this.checkIntact(member);
    const size = length / PAGE;
    if (!NumberIsInteger(size) || size < this.#size) {
      throw rangeError(
        "ERR_LINEAR_MEMORY_OUT_OF_RANGE",
        `${member}: newLength: a memory of ${this.#size} pages can only grow, by whole pages of ${PAGE} bytes; got ${length}`,
      );
    }
    this.#grow(member, size - this.#size);
  }

  /** Decommits the pages, and detaches the buffer. */
  close() {
    const member = "Memory.close()";
    this.#checkDetachable(member);
    const keeper = detach(member, this.#buffer);
    this.#forgetBuffer(keeper);
    native.release(keeper);
  }

  toResizable() {
    return this;
  }

  /** Moves the pages back into the reservation. Returns its store. */
  toFixedLength() {
    const member = "Memory.toFixedLengthBuffer()";
    this.#checkDetachable(member);
    this.#forgetBuffer(this.#reservation.moveBack(member, this.#buffer, this.#size));
    return this.#reservation;
  }

  /** Moves the pages on into an engine memory. Returns the store that has it. */
  toHosted() {
    const member = "Memory.toWebAssembly()";
    this.#checkDetachable(member);
    const host = HostedStore.createHost(member, { ...this.type, initial: this.#size });
    this.#forgetBuffer(this.#reservation.moveOn(member, this.#buffer, host.buffer));
    return host;
  }

  /** @param {string} member */
  #checkDetachable(member) {
    this.checkIntact(member);
    checkDetachable(member, this.#buffer);
  }

  /**
   * Forgets the buffer after the pages have left it. Its addresses stay mapped as long as `keeper` lives.
   *
   * @param {ArrayBuffer} keeper
   */
  #forgetBuffer(keeper) {
    WeakMapPrototypeDelete(stores, this.#buffer);
    keepAlive(keeper, this.#buffer);
  }

  /**
   * @param {string} member
   * @param {number} delta
   */
  #grow(member, delta) {
    this.checkIntact(member);
    const size = this.#size;
    checkGrowth(this.type, size, delta, member);
    this.#setLength(member, size + delta);
    return size;
  }

  /**
   * Throws if the program has transferred the buffer. Otherwise makes the buffer as long as the memory again, or
   * rounds its length up to whole pages. A program can bypass the buffer's own `resize()` by the prototype's. The
   * engine has decommitted what that cut off, which reads zero since no page is a file's: see `isShrinkable`. But
   * a memory never shrinks, and it has whole pages.
   *
   * @param {string} member
   */
  checkIntact(member) {
    const buffer = this.#buffer;
    if (ArrayBufferPrototypeGetMaxByteLength(buffer) !== mostBytes(this.type)) {
      throw typeError(
        "ERR_LINEAR_MEMORY_GONE",
        `${member}: the buffer was transferred, and with it the memory's pages`,
      );
    }
    const length = ArrayBufferPrototypeGetByteLength(buffer);
    if (length === this.#size * PAGE) return;
    this.#setLength(member, MathMax(this.#size, MathCeil(length / PAGE)));
  }

  /**
   * @param {string} member
   * @param {number} size
   */
  #setLength(member, size) {
    try {
      ArrayBufferPrototypeResize(this.#buffer, size * PAGE);
    } catch (cause) {
      throw rangeError(
        "ERR_LINEAR_MEMORY_OUT_OF_MEMORY",
        `${member}: the engine could not resize the buffer to ${size} pages: ${cause.message}`,
        cause,
      );
    }
    this.#size = size;
  }
}

/**
 * The stores of the buffers that memories have now.
 *
 * @type {WeakMap<ArrayBuffer, ResizableStore>}
 */
const stores = new WeakMap();

/**
 * Returns how many bytes a memory can have. Only a memory that has a maximum moves to this store.
 *
 * @param {Pick<MemoryType, "maximum">} type
 */
function mostBytes({ maximum = 0 }) {
  return maximum * PAGE;
}

/**
 * @param {ArrayBuffer} buffer
 * @param {string} name
 * @param {Function} value
 */
function defineMethod(buffer, name, value) {
  const attributes = { writable: true, configurable: true };
  ObjectDefineProperty(buffer, name, { __proto__: null, value, ...attributes });
}

const { resize: ownResize } = {
  /**
   * @this {ArrayBuffer}
   * @param {number} newLength
   */
  resize(newLength) {
    const name = "ArrayBuffer.resize(): newLength";
    const length = WeakMapPrototypeHas(stores, this) ? toIndex(newLength, name) : newLength;
    // Looked up again: the conversion may have run toFixedLengthBuffer().
    const store = WeakMapPrototypeGet(stores, this);
    if (store === undefined) ArrayBufferPrototypeResize(this, length);
    else store.resize(length);
  },
};

/**
 * Returns the method that a buffer has in place of one that would detach it. It throws as long as the buffer is
 * a memory's.
 *
 * @param {string} name
 * @param {(length?: number) => ArrayBuffer} inherited
 */
function throwingMethod(name, inherited) {
  const method = {
    /**
     * @this {ArrayBuffer}
     * @param {unknown[]} args
     */
    [name](...args) {
      if (!WeakMapPrototypeHas(stores, this)) return ReflectApply(inherited, this, args);
      throw typeError(
        "ERR_LINEAR_MEMORY_NOT_DETACHABLE",
        `ArrayBuffer.${name}(): the buffer of a Memory cannot be detached`,
      );
    },
  };
  return method[name];
}

const ownTransfer = throwingMethod("transfer", ArrayBufferPrototypeTransfer);
const ownTransferToFixedLength = throwingMethod(
  "transferToFixedLength",
  ArrayBufferPrototypeTransferToFixedLength,
);

module.exports = { ResizableStore };
