"use strict";

const { setImmediate } = require("node:timers");

const { PAGE, show, isObject, toAddress, toPageBytes, fromAddress } = require("./lib/convert");
const { readDescriptor, readOptions } = require("./lib/descriptor");
const { features } = require("./lib/features");
const { closed } = require("./lib/closed-store");
const identity = require("./lib/identity");
const { isMemory: isEngineMemory } = require("./lib/engine");
const { isRegistered } = require("./lib/registered");
const { markAsUncloneable } = require("./lib/marks");
const pages = require("./lib/pages");
const { keepShapesOf } = require("./lib/shapes");
const { Snapshot, snapshotOf, isSnapshot, imageOf } = require("./lib/snapshot");
const { Slot } = require("./lib/slot");
const { createStore, openStore, hostObject } = require("./lib/store");

// What most programs never need is loaded when it is used.

// What the next Memory is to be over, while Memory.from() runs the constructor.
let opened;

class Memory {
  constructor(descriptor, options = undefined) {
    const isNew = opened === undefined;
    const store = isNew ? createStore(readDescriptor(descriptor), readOptions(options)) : opened;
    const object = isNew ? hostObject(store) : undefined;
    if (object === undefined) {
      Slot.add(this, store);
      // Posted, it would arrive as an empty object.
      markAsUncloneable(this);
      if (!hasExample && store.memory === undefined && !isRegistered()) keepExampleSoon();
      return;
    }
    Object.setPrototypeOf(object, Object.getPrototypeOf(this));
    Slot.add(object, store);
    remember(object, store);
    return object;
  }

  static open(path, options = undefined) {
    const { openFile } = require("./lib/open");
    return Memory.#over(openFile(path, options));
  }

  static from(source, options = undefined) {
    if (isSnapshot(source)) return Memory.#startingAs(imageOf(source, "Memory.from()"), options);
    if (isObject(source) && Slot.isIn(source)) {
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
    pages.restore(Slot.get(memory), image, "Memory.from()");
    return memory;
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
    let store;
    try {
      store = Slot.get(this); // What storeOf() does; as a call, it would take as long as the rest.
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
    return moveTo(this, storeOf(this, "toWebAssembly()").toHosted()).memory;
  }

  toFixedLengthBuffer() {
    return moveTo(this, storeOf(this, "toFixedLengthBuffer()").toFixedLength()).buffer;
  }

  toResizableBuffer() {
    const store = storeOf(this, "toResizableBuffer()");
    if (store.type.maximum === undefined) {
      throw new TypeError("Memory.toResizableBuffer(): maximum: this memory has none");
    }
    return moveTo(this, store.toResizable()).buffer;
  }

  share() {
    const store = storeOf(this, "share()");
    if (!store.isShared) {
      throw new TypeError("Memory.share(): shared: only a shared memory can be in two threads");
    }
    remember(this, store);
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

  map(offset, file, options = undefined) {
    storeOf(this, "map()");
    const { readPart, map } = require("./lib/map");
    const part = readPart(offset, file, options);
    // Looked up again: a getter of the options can move the memory, map another file, or close it.
    const store = storeOf(this, "map()");
    const mapped = map(store, part);
    const memory = Memory.from(this); // but for a memory of the engine's, this
    if (mapped !== store) Slot.set(memory, mapped);
  }

  async flush(offset = undefined, length = undefined) {
    const { readRange, flush } = require("./lib/flush");
    const range = readRange(offset, length, "Memory.flush()");
    await flush(storeOf(this, "flush()"), range);
  }

  flushSync(offset = undefined, length = undefined) {
    const { readRange, flushSync } = require("./lib/flush");
    const range = readRange(offset, length, "Memory.flushSync()");
    flushSync(storeOf(this, "flushSync()"), range);
  }

  async wait(index, expected, timeout = undefined) {
    storeOf(this, "wait()");
    const { readWait, wait } = require("./lib/waiting");
    const asked = readWait(index, expected, timeout);
    // Looked up again: the conversions can move the memory, or close it.
    return wait(storeOf(this, "wait()"), asked);
  }

  notify(index, count = undefined) {
    storeOf(this, "notify()");
    const { readNotify, notify } = require("./lib/waiting");
    const asked = readNotify(index, count);
    // Looked up again: as in wait().
    return notify(storeOf(this, "notify()"), asked);
  }

  usage() {
    return pages.usage(storeOf(this, "usage()"));
  }

  close() {
    if (isObject(this) && Slot.isIn(this) && Slot.get(this) === closed) return;
    const store = storeOf(this, "close()");
    const memory = Memory.from(this); // but for a memory of the engine's, this
    store.close();
    identity.forgetStore(store);
    Slot.set(memory, closed);
  }
}

/** The store of a memory, for a member; throws where the receiver is none. */
function storeOf(receiver, member) {
  let store;
  try {
    store = Slot.get(receiver);
  } catch {
    // A memory that a module exported is one to the class that stands in for the engine's.
    if (isRegistered() && isEngineMemory(receiver)) return Slot.get(Memory.from(receiver));
    throw new TypeError(`Memory.${member}: expected a Memory as receiver, got ${show(receiver)}`);
  }
  if (store === closed) throw new TypeError(`Memory.${member}: the memory is closed`);
  return store;
}

/** Has a memory live in a store from now on, which may be the one that it lives in. */
function moveTo(memory, store) {
  if (Slot.isIn(memory)) Slot.set(memory, store);
  remember(memory, store);
  return store;
}

function remember(memory, store) {
  if (!Slot.isIn(memory)) return; // an engine's, whose object Memory.from() has remembered
  if (store.memory !== undefined) identity.rememberEngineMemory(store.memory, memory);
  if (store.isShared) identity.rememberShared(store, memory);
}

let hasExample = false;

/**
 * Once there is a memory over pages of ours, and the next will be too. Not at once: who loads this may
 * never make one, and who makes one is waiting for it.
 */
function keepExampleSoon() {
  hasExample = true;
  setImmediate(() => {
    try {
      // A memory that has grown has every shape.
      const example = new Memory({ initial: 0, maximum: 0 });
      keepShapesOf(example, example.buffer);
      example.grow(0);
    } catch {
      // There is room for no more. Without it, growing takes longer.
    }
  }).unref();
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
  "toFixedLengthBuffer",
  "toResizableBuffer",
  "toWebAssembly",
  "share",
  "discard",
  "snapshot",
  "restore",
  "map",
  "flush",
  "flushSync",
  "wait",
  "notify",
  "usage",
  "close",
]) {
  Object.defineProperty(Memory.prototype, member, enumerable);
}
Object.defineProperty(Memory, "from", enumerable);
Object.defineProperty(Memory, "open", enumerable);
Object.defineProperty(Memory.prototype, Symbol.toStringTag, {
  value: "WebAssembly.Memory",
  configurable: true,
});

module.exports = { Memory, Snapshot, features };
