"use strict";

const { checkLength } = require("./buffers");
const { PAGE } = require("./convert");
const { checkGrowth } = require("./descriptor");
const { translate } = require("./errors");
const { noResizable } = require("./hosted-store");
const native = require("../native");
const { adopt } = require("./realm");
const { issue } = require("./reserved-store");

/**
 * Pages of our own, shared, handed to each thread as SharedArrayBuffers: for the memories that the
 * engine cannot host, on engines where that is safe.
 */
class SharedReservedStore {
  #id;
  #buffer;

  constructor(id, type, buffer) {
    this.type = type;
    this.#id = id;
    this.#buffer = prepare(buffer);
  }

  static create(type) {
    const { id, buffer } = issue(type);
    return new SharedReservedStore(id, type, buffer);
  }

  /** The store of a memory that another thread made. */
  static open({ id, type }) {
    try {
      return new SharedReservedStore(id, type, native.issue(id));
    } catch (error) {
      throw translate(error, "Memory.from()");
    }
  }

  get isShared() {
    return true;
  }

  get size() {
    return native.size(this.#id);
  }

  /** A new one where the memory has grown, in this thread or another. */
  get buffer() {
    if (this.#buffer.byteLength !== this.size * PAGE) this.#reissue();
    return this.#buffer;
  }

  grow(delta) {
    const { size } = this;
    checkGrowth(this.type, size, delta);
    checkLength("Memory.grow()", size + delta);
    let before;
    try {
      before = native.growShared(this.#id, delta);
    } catch (error) {
      throw translate(error, "Memory.grow()");
    }
    this.#reissue();
    return before;
  }

  get address() {
    return native.address(new Uint8Array(this.#buffer));
  }

  get pages() {
    return new Uint8Array(this.buffer);
  }

  get reserved() {
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
    return { id: this.#id, type: { ...this.type }, buffer: this.#buffer };
  }

  #reissue() {
    this.#buffer = prepare(native.issue(this.#id));
  }
}

function prepare(buffer) {
  return Object.freeze(adopt(buffer, SharedArrayBuffer));
}

module.exports = { SharedReservedStore };
