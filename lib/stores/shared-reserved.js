"use strict";

const { PAGE } = require("../webidl/convert");
const { isMaximum } = require("../webidl/descriptor");
const { isShared } = require("../engine/memory");
const { translate } = require("../addon/errors");
const { noResizable } = require("./hosted");
const native = require("../../native");
const {
  ObjectFreeze,
  SharedArrayBuffer,
  SharedArrayBufferPrototypeGetByteLength,
  TypeError,
  Uint8Array,
} = require("../built-ins/primordials");
const { adopt } = require("../addon/realm");
const { issue } = require("./reserved");
const { BaseStore, checkGrowth } = require("./store");

/** Only of these are there shared memories that the engine cannot host. */
const ADDRESS = "i64";

/**
 * Pages of our own, shared, handed to each thread as SharedArrayBuffers: for the memories that the
 * engine cannot host, on engines where that is safe.
 */
class SharedReservedStore extends BaseStore {
  #id;
  #buffer;
  /** Whether `grow()` has promised another buffer than that. */
  #isOld = false;

  constructor(id, type, buffer) {
    super();
    this.type = type;
    this.#id = id;
    this.#buffer = prepare(buffer);
  }

  static create(type) {
    const { id, buffer } = issue(type);
    return new SharedReservedStore(id, type, buffer);
  }

  /** The store of a memory that another thread has; undefined where that is no token of one. */
  static open({ id, maximum, buffer: shown }) {
    if (typeof id !== "number" || !isShared(shown) || !isMaximum(maximum, ADDRESS))
      return undefined;
    let buffer;
    try {
      // A number is easily made up. A buffer of the memory is not.
      buffer = native.open(id, new Uint8Array(shown));
    } catch (error) {
      throw translate(error, "Memory.from()");
    }
    if (buffer === null) return undefined;
    return new SharedReservedStore(id, { address: ADDRESS, maximum, shared: true }, buffer);
  }

  get isShared() {
    return true;
  }

  get size() {
    return native.size(this.#id);
  }

  /** A new one where the memory has grown, in this thread or another. */
  get buffer() {
    if (this.#isOld || SharedArrayBufferPrototypeGetByteLength(this.#buffer) !== this.size * PAGE)
      this.#reissue();
    return this.#buffer;
  }

  grow(delta) {
    const { size } = this;
    checkGrowth(this.type, size, delta, "Memory.grow()");
    let before;
    try {
      before = native.growShared(this.#id, delta);
    } catch (error) {
      throw translate(error, "Memory.grow()");
    }
    this.#isOld = true;
    return before;
  }

  get address() {
    return native.address(new Uint8Array(this.#buffer));
  }

  get addressSpace() {
    return native.reserved(this.#id);
  }

  /** Its buffers go on, in this thread and in others. */
  close() {}

  toHosted() {
    throw new TypeError(
      "Memory.toWebAssembly(): this engine has no WebAssembly.Memory that could be this one: " +
        "64-bit addresses, or more pages than it takes",
    );
  }

  toResizable() {
    throw noResizable("this engine makes no growable SharedArrayBuffer over pages of ours");
  }

  toFixedLength() {
    return this;
  }

  /** The buffer travels along, so that the memory lives until the message has arrived. */
  toToken() {
    return { id: this.#id, maximum: this.type.maximum, buffer: this.#buffer };
  }

  #reissue() {
    try {
      this.#buffer = prepare(native.issue(this.#id));
    } catch (error) {
      throw translate(error, "Memory.buffer");
    }
    this.#isOld = false;
  }
}

function prepare(buffer) {
  return ObjectFreeze(adopt(buffer, SharedArrayBuffer));
}

module.exports = { SharedReservedStore };
