"use strict";

const { PAGE } = require("./convert");
const { sizeLimit, checkGrowth } = require("./descriptor");
const engine = require("./engine");
const native = require("../native");

/**
 * Pages in a WebAssembly.Memory of the engine's: every shared memory, and what a module uses. A
 * shared memory with 64-bit addresses, where the engine makes none, is one of 32-bit pages there.
 */
class HostedStore {
  #memory;
  #type;

  /**
   * @param memory the engine's
   * @param type as `readDescriptor` returns it; found by asking the engine where it is not given
   */
  constructor(memory, type) {
    this.#memory = memory;
    this.#type = type;
  }

  static create(type) {
    try {
      return new HostedStore(engine.create(type), type);
    } catch (cause) {
      throw new RangeError(`Memory: the engine could not allocate it: ${cause.message}`, { cause });
    }
  }

  get type() {
    return (this.#type ??= engine.typeOf(this.#memory));
  }

  get isShared() {
    return engine.isShared(this.buffer);
  }

  get size() {
    return this.buffer.byteLength / PAGE;
  }

  get buffer() {
    return engine.bufferOf(this.#memory);
  }

  grow(delta) {
    checkGrowth(this.type, this.size, delta);
    try {
      return engine.grow(this.#memory, this.type, delta);
    } catch (cause) {
      // Another thread may have grown it since the check.
      throw new RangeError(
        `Memory.grow(): the engine could not add ${delta} pages: ${cause.message}`,
        { cause },
      );
    }
  }

  /** The first byte's address, by which a shared memory is known in all its copies. */
  get address() {
    return native.address(new Uint8Array(this.buffer));
  }

  get memory() {
    return this.#memory;
  }

  get pages() {
    const { buffer } = this;
    return this.isShared ? new Uint8Array(buffer) : buffer;
  }

  /**
   * The engine commits what it needs, and tells of nothing that it keeps besides: what is inaccessible
   * behind the pages is the memory's as far as it can grow. Beyond are guards, and the next memory's.
   */
  get reserved() {
    return {
      reserved: Math.min(native.hostedReserved(this.pages), sizeLimit(this.type) * PAGE),
      committed: this.buffer.byteLength,
    };
  }

  /** The engine's memory goes on. */
  close() {}

  toHosted() {
    const { address } = this.type;
    if (address === "i64" && engine.addressOf(this.#memory) !== address) throw no64();
    return this;
  }

  toToken() {
    return { memory: this.#memory, type: { ...this.type } };
  }
}

/** What says that a memory with 64-bit addresses can be no WebAssembly.Memory here. */
function no64() {
  return new TypeError(
    'Memory.toWebAssembly(): address: this engine has no WebAssembly.Memory for "i64"',
  );
}

module.exports = { HostedStore, no64 };
