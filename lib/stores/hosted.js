"use strict";

const { PAGE } = require("../webidl/convert");
const { sizeLimit, checkGrowth } = require("../webidl/descriptor");
const engine = require("../engine/memory");
const { typeOf, addressOf } = require("../engine/memory-type");
const { typeError, rangeError } = require("../built-ins/errors");
const { BaseStore, noResizableBuffer } = require("./store");

/**
 * @import { Token } from "../identity/share-token"
 * @import { MemoryType, NewMemoryType } from "../webidl/descriptor"
 * @import { Store } from "./store"
 */

/**
 * The store of a memory whose pages are in an engine memory: of every shared memory that an engine memory can
 * be, and of every memory that a module uses. No transition leaves it.
 *
 * If the engine has no 64-bit engine memories, a shared memory with 64-bit addresses is in a 32-bit one: the
 * store is widened.
 *
 * @implements {Store}
 */
class HostedStore extends BaseStore {
  #engineMemory;
  #type;
  #isWidened;
  #isShared;

  /**
   * @param {WebAssembly.Memory} engineMemory
   * @param {MemoryType} [type] found by trying modules if it is not given
   * @param {boolean} [isWidened] whether the addresses are 64-bit ones only for the program
   */
  constructor(engineMemory, type = undefined, isWidened = false) {
    super();
    this.#engineMemory = engineMemory;
    this.#type = type;
    this.#isWidened = isWidened;
    this.#isShared = engine.isShared(engine.bufferOf(engineMemory));
  }

  /**
   * Creates the store of a new memory.
   *
   * @param {NewMemoryType} type
   */
  static create(type) {
    try {
      return new HostedStore(engine.create(type), type, isWidened(type));
    } catch (cause) {
      throw rangeError(
        "ERR_LINEAR_MEMORY_OUT_OF_MEMORY",
        `Memory: the engine could not allocate the memory: ${cause.message}`,
        cause,
      );
    }
  }

  /**
   * Creates the store that reserved pages move into.
   *
   * @param {string} member
   * @param {NewMemoryType} type
   */
  static createHost(member, type) {
    if (!engine.supports(type)) throw noEngineMemory64(member);
    try {
      return new HostedStore(engine.create(type), type);
    } catch (cause) {
      const { address, maximum = 0 } = type;
      const tooLarge = maximum > sizeLimit({ address, maximum: undefined });
      const message = `${member}: the engine refused: ${cause.message}`;
      throw tooLarge
        ? typeError("ERR_LINEAR_MEMORY_NOT_SUPPORTED", message, cause)
        : rangeError("ERR_LINEAR_MEMORY_OUT_OF_MEMORY", message, cause);
    }
  }

  /**
   * Returns the store of a memory that another thread has, or undefined if that is not its token.
   *
   * @param {Token} token
   */
  static open({ memory, address }) {
    if (!engine.isMemory(memory) || !engine.isShared(engine.bufferOf(memory))) return undefined;
    if (address === undefined) return new HostedStore(memory);
    if (address !== "i64" || !isWidened({ address })) return undefined;
    return new HostedStore(memory, undefined, true);
  }

  get type() {
    return (this.#type ??= this.#findType());
  }

  /** @returns {MemoryType} */
  #findType() {
    const type = typeOf(this.#engineMemory);
    return this.#isWidened ? { ...type, address: "i64" } : type;
  }

  get isShared() {
    return this.#isShared;
  }

  get size() {
    return engine.byteLengthOf(this.buffer) / PAGE;
  }

  get buffer() {
    const engineMemory = this.#engineMemory;
    return this.#isShared ? engine.sharedBufferOf(engineMemory) : engine.bufferOf(engineMemory);
  }

  /** @param {number} delta */
  grow(delta) {
    checkGrowth(this.type, this.size, delta);
    try {
      return engine.grow(this.#engineMemory, this.type, delta);
    } catch (cause) {
      // Another thread may have grown it since the check.
      throw rangeError(
        "ERR_LINEAR_MEMORY_OUT_OF_MEMORY",
        `Memory.grow(): the engine could not add ${delta} pages: ${cause.message}`,
        cause,
      );
    }
  }

  get engineMemory() {
    return this.#engineMemory;
  }

  get mayMove() {
    return !this.#isShared;
  }

  /** The engine memory is still usable: a module may have it. */
  close() {}

  toHosted() {
    const { address } = this.type;
    if (address === "i64" && addressOf(this.#engineMemory) !== address)
      throw noEngineMemory64("Memory.toWebAssembly()");
    return this;
  }

  toResizable() {
    if (!engine.hasResizable)
      throw noResizableBuffer("this engine's WebAssembly.Memory has no resizable buffers");
    try {
      engine.makeResizable(this.#engineMemory);
    } catch (cause) {
      throw rangeError(
        "ERR_LINEAR_MEMORY_OUT_OF_MEMORY",
        `Memory.toResizableBuffer(): the engine refused: ${cause.message}`,
        cause,
      );
    }
    return this;
  }

  toFixedLength() {
    if (engine.hasResizable) engine.makeFixedLength(this.#engineMemory);
    return this;
  }

  /** The other thread finds the type as this one does, except that it cannot know of widened addresses. */
  toToken() {
    const memory = this.#engineMemory;
    return this.#isWidened ? { memory, address: "i64" } : { memory };
  }
}

/**
 * Returns whether the engine memory of that type has 32-bit addresses although the type has 64-bit ones.
 *
 * @param {Pick<MemoryType, "address">} type
 */
function isWidened({ address }) {
  return address === "i64" && !engine.has64();
}

/**
 * Returns the error for a memory with 64-bit addresses that cannot be an engine memory.
 *
 * @param {string} member
 */
function noEngineMemory64(member) {
  return typeError(
    "ERR_LINEAR_MEMORY_NOT_SUPPORTED",
    `${member}: address: this engine has no WebAssembly.Memory for "i64"`,
  );
}

module.exports = { HostedStore };
