"use strict";

const { show, isObject, toAddress, fromAddress } = require("./lib/convert");
const { readDescriptor, readOptions } = require("./lib/descriptor");
const { features } = require("./lib/features");
const identity = require("./lib/identity");
const { isMemory: isEngineMemory } = require("./lib/engine");
const { isRegistered } = require("./lib/registered");
const { Slot } = require("./lib/slot");
const { createStore, openStore, hostObject } = require("./lib/store");

// What the next Memory is to be over, while Memory.from() runs the constructor.
let opened;

class Memory {
  constructor(descriptor, options = undefined) {
    const isNew = opened === undefined;
    const store = isNew ? createStore(readDescriptor(descriptor), readOptions(options)) : opened;
    const object = isNew ? hostObject(store) : undefined;
    if (object === undefined) {
      Slot.add(this, store);
      return;
    }
    Object.setPrototypeOf(object, Object.getPrototypeOf(this));
    Slot.add(object, store);
    remember(object, store);
    return object;
  }

  static from(source) {
    if (isObject(source) && Slot.isIn(source)) return source;
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
      remember(memory, store);
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
    return fromAddress(storeOf(this, "grow()").grow(pages), address);
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
    const store = storeOf(this, "toWebAssembly()");
    const hosted = store.toHosted();
    if (hosted !== store) Slot.set(this, hosted);
    remember(this, hosted);
    return hosted.memory;
  }

  share() {
    const store = storeOf(this, "share()");
    if (!store.isShared) {
      throw new TypeError("Memory.share(): shared: only a shared memory can be in two threads");
    }
    remember(this, store);
    return store.toToken();
  }
}

/** The store of a memory, for a member; throws where the receiver is none. */
function storeOf(receiver, member) {
  try {
    return Slot.get(receiver);
  } catch {
    // A memory that a module exported is one to the class that stands in for the engine's.
    if (isRegistered() && isEngineMemory(receiver)) return Slot.get(Memory.from(receiver));
    throw new TypeError(`Memory.${member}: expected a Memory as receiver, got ${show(receiver)}`);
  }
}

function remember(memory, store) {
  if (!Slot.isIn(memory)) return; // an engine's, whose object Memory.from() has remembered
  if (store.memory !== undefined) identity.rememberEngineMemory(store.memory, memory);
  if (store.isShared) identity.rememberShared(store, memory);
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
