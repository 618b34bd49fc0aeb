"use strict";

const { PAGE } = require("../webidl/convert");
const { sizeLimit, checkGrowth } = require("../webidl/descriptor");
const engine = require("../engine/memory");
const { typeOf, addressOf } = require("../engine/memory-type");
const { RangeError, TypeError } = require("../built-ins/primordials");
const { BaseStore } = require("./store");

/**
 * Pages in a WebAssembly.Memory of the engine's: every shared memory, and what a module uses. A
 * shared memory with 64-bit addresses, where the engine makes none, is one of 32-bit pages there.
 */
class HostedStore extends BaseStore {
  #memory;
  #type;
  #widened;
  #isShared;

  /**
   * @param memory the engine's
   * @param type as `readDescriptor` returns it; found by asking the engine where it is not given
   * @param widened whether its 32-bit pages are a memory with 64-bit addresses to the program
   */
  constructor(memory, type, widened = false) {
    super();
    this.#memory = memory;
    this.#type = type;
    this.#widened = widened;
    this.#isShared = engine.isShared(engine.bufferOf(memory));
  }

  static create(type) {
    try {
      return new HostedStore(engine.create(type), type, isWidened(type));
    } catch (cause) {
      throw new RangeError(`Memory: the engine could not allocate it: ${cause.message}`, { cause });
    }
  }

  /** The store of a memory that another thread has; undefined where that is no token of one. */
  static open({ memory, address }) {
    if (!engine.isMemory(memory) || !engine.isShared(engine.bufferOf(memory))) return undefined;
    if (address === undefined) return new HostedStore(memory);
    return isWidened({ address }) ? new HostedStore(memory, undefined, true) : undefined;
  }

  get type() {
    return (this.#type ??= this.#askForType());
  }

  #askForType() {
    const type = typeOf(this.#memory);
    return this.#widened ? { ...type, address: "i64" } : type;
  }

  get isShared() {
    return this.#isShared;
  }

  get size() {
    return engine.byteLengthOf(this.buffer) / PAGE;
  }

  get buffer() {
    return this.#isShared ? engine.sharedBufferOf(this.#memory) : engine.bufferOf(this.#memory);
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

  get engineMemory() {
    return this.#memory;
  }

  /** The engine's memory goes on. */
  close() {}

  toHosted() {
    const { address } = this.type;
    if (address === "i64" && addressOf(this.#memory) !== address)
      throw no64("Memory.toWebAssembly()");
    return this;
  }

  toResizable() {
    if (!engine.hasResizable) throw noResizable("this engine's WebAssembly.Memory makes none");
    makeResizable(this.#memory);
    return this;
  }

  toFixedLength() {
    if (engine.hasResizable) engine.makeFixedLength(this.#memory);
    return this;
  }

  /** Of its type, the engine can tell the other thread all but what it has not been told. */
  toToken() {
    return this.#widened ? { memory: this.#memory, address: "i64" } : { memory: this.#memory };
  }
}

/** Makes the engine's memory that pages of ours are to move into. */
function createHost(member, type) {
  if (type.address === "i64" && !engine.has64()) throw no64(member);
  try {
    return engine.create(type);
  } catch (cause) {
    const tooLarge = type.maximum > sizeLimit({ address: type.address, maximum: undefined });
    const Kind = tooLarge ? TypeError : RangeError;
    throw new Kind(`${member}: the engine refused: ${cause.message}`, { cause });
  }
}

/** Whether the engine's pages for a memory of that type are 32-bit ones. */
function isWidened({ address }) {
  return address === "i64" && !engine.has64();
}

/** Makes the buffer of an engine's memory resizable, and returns it. */
function makeResizable(memory) {
  try {
    return engine.makeResizable(memory);
  } catch (cause) {
    throw new RangeError(`Memory.toResizableBuffer(): the engine refused: ${cause.message}`, {
      cause,
    });
  }
}

/** What says that a memory with 64-bit addresses can be no WebAssembly.Memory here. */
function no64(member) {
  return new TypeError(`${member}: address: this engine has no WebAssembly.Memory for "i64"`);
}

/** What says that there can be no resizable buffer. */
function noResizable(reason) {
  return new TypeError(`Memory.toResizableBuffer(): ${reason}`);
}

module.exports = { HostedStore, createHost, makeResizable, noResizable };
