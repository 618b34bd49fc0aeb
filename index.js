"use strict";

const { PAGE, show, isObject, toAddress, toPageBytes, fromAddress } = require("./lib/convert");
const { readDescriptor, readOptions } = require("./lib/descriptor");
const { features } = require("./lib/features");
const { closed } = require("./lib/closed-store");
const identity = require("./lib/identity");
const pages = require("./lib/pages");
const { keepShapesOf } = require("./lib/shapes");
const { Snapshot, snapshotOf, isSnapshot, imageOf } = require("./lib/snapshot");
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
  }

  static from(source, options = undefined) {
    if (isSnapshot(source)) return Memory.#startingAs(imageOf(source, "Memory.from()"), options);
    if (isObject(source) && #store in source) {
      storeOf(source, "from()");
      return source;
    }
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

  /** A new memory of the type that the image's was, but for what `options` say. */
  static #startingAs(image, options) {
    const { address, maximum, shared } = image.type;
    const given = isObject(options) ? options : {};
    const memory = new Memory({
      address,
      initial: fromAddress(image.byteLength / PAGE, address),
      maximum: given.maximum ?? (maximum === undefined ? maximum : fromAddress(maximum, address)),
      shared: given.shared ?? shared,
    });
    pages.restore(memory.#store, image, "Memory.from()");
    return memory;
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
    let store;
    try {
      store = this.#store; // What storeOf() does; as a call, it would take as long as all the rest.
    } catch {
      store = storeOf(this, "buffer");
    }
    return store.buffer;
  }

  grow(delta) {
    const store = storeOf(this, "grow()");
    const { address } = store.type;
    const added = toAddress(delta, address, "Memory.grow(): delta");
    // Asked again: converting `delta` may have run toWebAssembly(), or close().
    return fromAddress(storeOf(this, "grow()").grow(added), address);
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

  discard(offset, length) {
    storeOf(this, "discard()");
    const from = toPageBytes(offset, "Memory.discard(): offset");
    const bytes = toPageBytes(length, "Memory.discard(): length");
    return pages.discard(storeOf(this, "discard()"), from, bytes);
  }

  snapshot() {
    const store = storeOf(this, "snapshot()");
    const { address, maximum, shared } = store.type;
    return snapshotOf({ ...pages.capture(store), type: { address, maximum, shared } });
  }

  restore(snapshot) {
    const store = storeOf(this, "restore()");
    pages.restore(store, imageOf(snapshot, "Memory.restore()"), "Memory.restore()");
  }

  usage() {
    return pages.usage(storeOf(this, "usage()"));
  }

  close() {
    if (isObject(this) && #store in this && this.#store === closed) return;
    const store = storeOf(this, "close()");
    store.close();
    identity.forgetStore(store);
    this.#store = closed;
  }

  #remember() {
    const store = this.#store;
    if (store.memory !== undefined) identity.rememberEngineMemory(store.memory, this);
    if (store.isShared) identity.rememberShared(store, this);
  }

  static {
    storeOf = (receiver, member) => {
      let store;
      try {
        store = receiver.#store; // throws, but without naming anything
      } catch {
        throw new TypeError(
          `Memory.${member}: expected a Memory as receiver, got ${show(receiver)}`,
        );
      }
      if (store === closed) throw new TypeError(`Memory.${member}: the memory is closed`);
      return store;
    };
  }
}

if (Symbol.dispose !== undefined) {
  Object.defineProperty(Memory.prototype, Symbol.dispose, {
    value: Memory.prototype.close,
    writable: true,
    configurable: true,
  });
}

// As WebIDL has the members of an interface: enumerable.
const enumerable = { enumerable: true };
for (const member of [
  "buffer",
  "grow",
  "type",
  "toWebAssembly",
  "share",
  "discard",
  "snapshot",
  "restore",
  "usage",
  "close",
]) {
  Object.defineProperty(Memory.prototype, member, enumerable);
}
Object.defineProperty(Memory, "from", enumerable);
Object.defineProperty(Memory.prototype, Symbol.toStringTag, {
  value: "WebAssembly.Memory",
  configurable: true,
});

// A memory that has grown has every shape.
const example = new Memory({ initial: 0, maximum: 0 });
keepShapesOf(example, example.buffer);
example.grow(0);

module.exports = { Memory, Snapshot, features };
