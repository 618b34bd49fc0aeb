"use strict";

const { PAGE } = require("../webidl/convert");
const { isMaximum } = require("../webidl/descriptor");
const { isShared } = require("../engine/memory");
const { call } = require("../addon/errors");
const native = require("../../native");
const { typeError } = require("../built-ins/errors");
const {
  ObjectFreeze,
  SharedArrayBuffer,
  SharedArrayBufferPrototypeGetByteLength,
  Uint8Array,
} = require("../built-ins/primordials");
const { adopt } = require("../addon/realm");
const { reserve } = require("./reserved");
const { BaseStore, checkGrowth, noResizableBuffer } = require("./store");

/**
 * @import { Token } from "../identity/share-token"
 * @import { MemoryType, NewMemoryType } from "../webidl/descriptor"
 * @import { Store } from "./store"
 */

/** The engine can host all shared memories with 32-bit addresses. */
const ADDRESS = "i64";

/**
 * The store of a shared memory whose pages this package has reserved: of one that no engine memory can be, on
 * engines where that is safe. Each thread has the pages as external SharedArrayBuffers. There is no transition.
 *
 * @implements {Store}
 */
class SharedReservedStore extends BaseStore {
  #id;
  #buffer;
  /** Whether `buffer` must be another one: `grow()` was called. */
  #isOld = false;

  /**
   * @param {number} id the addon's handle of the memory
   * @param {MemoryType} type
   * @param {SharedArrayBuffer} buffer
   */
  constructor(id, type, buffer) {
    super();
    /** @type {MemoryType} */
    this.type = type;
    this.#id = id;
    this.#buffer = prepare(buffer);
  }

  /**
   * Creates the store of a new memory.
   *
   * @param {NewMemoryType} type
   */
  static create(type) {
    const { id, buffer } = reserve(type, false);
    return new SharedReservedStore(id, type, /** @type {SharedArrayBuffer} */ (buffer));
  }

  /**
   * Returns the store of a memory that another thread has, or undefined if that is not its token.
   *
   * @param {Token} token
   */
  static open({ id, maximum, buffer: shown }) {
    if (typeof id !== "number" || !isShared(shown) || !isMaximum(maximum, ADDRESS))
      return undefined;
    // A handle is easily made up. A buffer of the memory is not.
    const buffer = call("Memory.from()", () => native.open(id, new Uint8Array(shown)));
    if (buffer === null) return undefined;
    return new SharedReservedStore(id, { address: ADDRESS, maximum, shared: true }, buffer);
  }

  get isShared() {
    return true;
  }

  get size() {
    return native.size(this.#id);
  }

  /** Issues a new buffer if the memory has grown, in this thread or another. */
  get buffer() {
    if (this.#isOld || SharedArrayBufferPrototypeGetByteLength(this.#buffer) !== this.size * PAGE)
      this.#reissue();
    return this.#buffer;
  }

  /** @param {number} delta */
  grow(delta) {
    const { size } = this;
    checkGrowth(this.type, size, delta, "Memory.grow()");
    const before = call("Memory.grow()", () => native.growShared(this.#id, delta));
    this.#isOld = true;
    return before;
  }

  /** All buffers have the same address, so this reads that of the last one, and issues no other. */
  get address() {
    return native.address(new Uint8Array(this.#buffer));
  }

  get addressSpace() {
    return native.reserved(this.#id);
  }

  /** The buffers are still usable, in this thread and in others. */
  close() {}

  /** @returns {never} */
  toHosted() {
    throw typeError(
      "ERR_LINEAR_MEMORY_NOT_SUPPORTED",
      "Memory.toWebAssembly(): this engine has no WebAssembly.Memory " +
        "with 64-bit addresses, or with so many pages",
    );
  }

  /** @returns {never} */
  toResizable() {
    throw noResizableBuffer("this engine makes no growable SharedArrayBuffer over reserved pages");
  }

  toFixedLength() {
    return this;
  }

  /** The token has the buffer, so that the memory lives until the message has arrived. */
  toToken() {
    return { id: this.#id, maximum: this.type.maximum, buffer: this.#buffer };
  }

  #reissue() {
    const buffer = call("Memory.buffer", () => native.issue(this.#id));
    this.#buffer = prepare(/** @type {SharedArrayBuffer} */ (buffer));
    this.#isOld = false;
  }
}

/** @param {SharedArrayBuffer} buffer */
function prepare(buffer) {
  return ObjectFreeze(adopt(buffer, SharedArrayBuffer));
}

module.exports = { SharedReservedStore };
