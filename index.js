"use strict";

const { markAsUncloneable = () => {} } = require("node:worker_threads");

const { show, isObject, toAddress, fromAddress } = require("./lib/convert");
const { readDescriptor, readOptions } = require("./lib/descriptor");
const { features } = require("./lib/features");
const identity = require("./lib/identity");
const { createStore, openStore } = require("./lib/store");

// What the next Memory is to be over, while Memory.from() runs the constructor.
let opened;

// The store of a memory, for a member; throws where the receiver is none. A function of the module,
// since a private method would check for the class on every call.
let storeOf;

class Memory {
  #store;

  constructor(descriptor, options = undefined) {
    this.#store = opened ?? createStore(readDescriptor(descriptor), readOptions(options));
    // Posted, it would arrive as an empty object. (Before Node 22.10, it does.)
    markAsUncloneable(this);
  }

  static from(source) {
    if (isObject(source) && #store in source) return source;
    const known = isObject(source) ? identity.findEngineMemory(source) : undefined;
    if (known !== undefined) return known;
    const store = openStore(source);
    if (store === undefined) {
      throw new TypeError(
        `Memory.from(): expected a WebAssembly.Memory or what share() returned, got ${show(source)}`,
      );
    }
    return Memory.#over(store);
  }

  /** The one object of this thread over that store's memory. */
  static #over(store) {
    const known = store.isShared ? identity.findShared(store) : undefined;
    if (known !== undefined) return known;
    opened = store;
    try {
      const memory = new Memory();
      memory.#remember();
      return memory;
    } finally {
      opened = undefined;
    }
  }

  get buffer() {
    return storeOf(this, "buffer").buffer;
  }

  grow(delta) {
    const store = storeOf(this, "grow()");
    const { address } = store.type;
    const pages = toAddress(delta, address, "Memory.grow(): delta");
    // Asked again: converting `delta` may have run toWebAssembly().
    return fromAddress(this.#store.grow(pages), address);
  }

  type() {
    const { type, size } = storeOf(this, "type()");
    const { address, maximum, shared } = type;
    return {
      minimum: fromAddress(size, address),
      ...(maximum !== undefined && { maximum: fromAddress(maximum, address) }),
      shared,
      address,
    };
  }

  toWebAssembly() {
    this.#store = storeOf(this, "toWebAssembly()").toHosted();
    this.#remember();
    return this.#store.memory;
  }

  share() {
    const store = storeOf(this, "share()");
    if (!store.isShared) {
      throw new TypeError("Memory.share(): shared: only a shared memory can be in two threads");
    }
    this.#remember();
    return store.toToken();
  }

  #remember() {
    const store = this.#store;
    if (store.memory !== undefined) identity.rememberEngineMemory(store.memory, this);
    if (store.isShared) identity.rememberShared(store, this);
  }

  static {
    storeOf = (receiver, member) => {
      try {
        return receiver.#store; // throws, but without naming anything
      } catch {
        throw new TypeError(
          `Memory.${member}: expected a Memory as receiver, got ${show(receiver)}`,
        );
      }
    };
  }
}

// As WebIDL has the members of an interface: enumerable.
const enumerable = { enumerable: true };
for (const member of ["buffer", "grow", "type", "toWebAssembly", "share"]) {
  Object.defineProperty(Memory.prototype, member, enumerable);
}
Object.defineProperty(Memory, "from", enumerable);
Object.defineProperty(Memory.prototype, Symbol.toStringTag, {
  value: "WebAssembly.Memory",
  configurable: true,
});

module.exports = { Memory, features };
