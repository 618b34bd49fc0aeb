"use strict";

const { PAGE, show, isObject, toAddress, toPageBytes, fromAddress } = require("./webidl/convert");
const { readDescriptor, readOptions, readSnapshotOptions } = require("./webidl/descriptor");
const { createExotic } = require("./webidl/platform-object");
const { closed } = require("./stores/closed");
const identity = require("./identity/object-cache");
const { EngineMemory, isMemory: isEngineMemory } = require("./engine/memory");
const { setImmediate } = require("./built-ins/node");
const pages = require("./operations/pages");
const {
  ObjectDefineProperty,
  ObjectGetPrototypeOf,
  ObjectPrototype,
  ObjectSetPrototypeOf,
  ReflectSetPrototypeOf,
  SymbolDispose,
  SymbolToStringTag,
  TypeError,
} = require("./built-ins/primordials");
const { prototypeIn, rememberPrototype } = require("./addon/realm");
const { isRegistered } = require("./identity/registered");
const { keepShapesOf } = require("./engine/shapes");
const { snapshotOf, isSnapshot, imageOf } = require("./snapshot");
const { Slot } = require("./identity/slot");
const { createStore, openStore, hostObject } = require("./stores/choose");

// What most programs never need is loaded when it is used.

// It inherits from no class, but its constructor returns an object that it has not made itself.
class Memory extends null {
  constructor(descriptor, options = undefined) {
    const type = readDescriptor(descriptor);
    const read = readOptions(options, { ignoresUnknown: isRegistered() });
    const prototype = prototypeFor(new.target);
    const store = createStore(type, read);
    const host = hostObject(store);
    if (host === undefined) {
      const memory = memoryOver(store, prototype);
      if (!hasExample && store.memory === undefined && !isRegistered()) keepExampleSoon();
      return memory;
    }
    ObjectSetPrototypeOf(host, prototype);
    return adopt(host, store);
  }

  static open(path, options = undefined) {
    const { openFile } = require("./operations/open");
    return onlyMemoryOver(openFile(path, options));
  }

  static from(source, options = undefined) {
    if (isSnapshot(source)) return startingAs(source, options);
    if (isObject(source) && Slot.isIn(source)) {
      storeOf(source, "from()");
      return source;
    }
    const known = isObject(source) ? identity.findEngineMemory(source) : undefined;
    if (known !== undefined) {
      welcome(source);
      return known;
    }
    const store = openStore(source);
    if (store === undefined) {
      throw new TypeError(
        `Memory.from(): expected a WebAssembly.Memory or what share() returned, got ${show(source)}`,
      );
    }
    return onlyMemoryOver(store);
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
    checkReceiver(this, "discard()");
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
    checkReceiver(this, "restore()");
    const image = imageOf(snapshot, "Memory.restore()");
    pages.restore(storeOf(this, "restore()"), image, "Memory.restore()");
  }

  map(offset, file, options = undefined) {
    storeOf(this, "map()");
    const { readPart, map } = require("./operations/map");
    const part = readPart(offset, file, options);
    // Looked up again: a getter of the options can move the memory, map another file, or close it.
    const store = storeOf(this, "map()");
    const mapped = map(store, part);
    const memory = Memory.from(this); // but for a memory of the engine's, this
    if (mapped !== store) Slot.set(memory, mapped);
  }

  async flush(offset = undefined, length = undefined) {
    const { readRange, flush } = require("./operations/flush");
    const range = readRange(offset, length, "Memory.flush()");
    await flush(storeOf(this, "flush()"), range);
  }

  flushSync(offset = undefined, length = undefined) {
    const { readRange, flushSync } = require("./operations/flush");
    const range = readRange(offset, length, "Memory.flushSync()");
    flushSync(storeOf(this, "flushSync()"), range);
  }

  async wait(index, expected, timeout = undefined) {
    storeOf(this, "wait()");
    const { readWait, wait } = require("./operations/wait");
    const asked = readWait(index, expected, timeout);
    // Looked up again: the conversions can move the memory, or close it.
    // Not the promise itself: that would look up its then().
    return await wait(storeOf(this, "wait()"), asked);
  }

  notify(index, count = undefined) {
    storeOf(this, "notify()");
    const { readNotify, notify } = require("./operations/wait");
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

/** The store of a memory, for a member; throws if the receiver is not a memory, or is closed. */
function storeOf(receiver, member) {
  let store;
  try {
    store = Slot.get(receiver);
  } catch {
    return storeOfEngineMemory(receiver, member);
  }
  if (store === closed) throw new TypeError(`Memory.${member}: the memory is closed`);
  return store;
}

/**
 * The store of a memory of the engine's that has no slot. Such memories have our members if this class
 * stands in for the engine's, and later if they have our prototype from that time.
 */
function storeOfEngineMemory(receiver, member) {
  if (isEngineMemory(receiver) && (isRegistered() || hasOurPrototype(receiver))) {
    return storeOf(Memory.from(receiver), member);
  }
  throw new TypeError(`Memory.${member}: expected a Memory as receiver, got ${show(receiver)}`);
}

function hasOurPrototype(memory) {
  return ObjectGetPrototypeOf(memory) === Memory.prototype;
}

/** For a member that converts arguments, which may close the memory: its state is looked at later. */
function checkReceiver(receiver, member) {
  if (!isObject(receiver) || !Slot.isIn(receiver)) storeOf(receiver, member);
}

/** The prototype of what `new` makes. For a class without one, it is that of the class's realm. */
function prototypeFor(newTarget) {
  if (newTarget === Memory) return Memory.prototype;
  const { prototype } = newTarget;
  return isObject(prototype) ? prototype : prototypeIn(newTarget, Memory.prototype);
}

/** A new memory of the type that the snapshot's was, except for what `options` say. */
function startingAs(snapshot, options) {
  const image = imageOf(snapshot, "Memory.from()");
  const type = readSnapshotOptions(options, image.byteLength / PAGE, image.type);
  const store = createStore(type, { hugePages: false });
  pages.restore(store, image, "Memory.from()");
  const host = hostObject(store);
  if (host === undefined) return memoryOver(store, Memory.prototype);
  ObjectSetPrototypeOf(host, Memory.prototype);
  return adopt(host, store);
}

function memoryOver(store, prototype) {
  const memory = createExotic(Memory);
  if (prototype !== Memory.prototype) ObjectSetPrototypeOf(memory, prototype);
  Slot.add(memory, store);
  return memory;
}

/** The one object of this thread over that store's memory. */
function onlyMemoryOver(store) {
  const known = store.isShared ? identity.findShared(store) : undefined;
  const isWelcome = store.memory !== undefined && welcome(store.memory);
  if (known !== undefined) return known;
  if (isWelcome) return adopt(store.memory, store);
  const memory = memoryOver(store, Memory.prototype);
  remember(memory, store);
  return memory;
}

/**
 * Gives a memory of the engine's our prototype, if our class stands in for the engine's. Returns whether
 * it did: not if the memory is frozen, of another realm, or of a class of the program's.
 */
function welcome(memory) {
  return (
    isRegistered() &&
    ObjectGetPrototypeOf(memory) === EngineMemory.prototype &&
    ReflectSetPrototypeOf(memory, Memory.prototype)
  );
}

/** Makes a memory of the engine's a `Memory` itself. */
function adopt(memory, store) {
  Slot.add(memory, store);
  remember(memory, store);
  return memory;
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
  const immediate = setImmediate(() => {
    try {
      // A memory that has grown has every shape.
      const example = new Memory({ initial: 0, maximum: 0 });
      keepShapesOf(example, example.buffer);
      example.grow(0);
    } catch {
      // There is room for no more. Without it, growing takes longer.
    }
  });
  // eslint-disable-next-line no-restricted-syntax -- taken when this loads, it would have to be made then
  immediate.unref();
}

// Like any class that inherits from none.
ObjectSetPrototypeOf(Memory.prototype, ObjectPrototype);
rememberPrototype(Memory.prototype);

if (SymbolDispose !== undefined) {
  ObjectDefineProperty(Memory.prototype, SymbolDispose, {
    __proto__: null,
    value: Memory.prototype.close,
    writable: true,
    configurable: true,
  });
}

// As WebIDL has the members of an interface: enumerable.
const enumerable = { __proto__: null, enumerable: true };
const members = [
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
];
for (let i = 0; i < members.length; i++) {
  ObjectDefineProperty(Memory.prototype, members[i], enumerable);
}
ObjectDefineProperty(Memory, "from", enumerable);
ObjectDefineProperty(Memory, "open", enumerable);
ObjectDefineProperty(Memory.prototype, SymbolToStringTag, {
  __proto__: null,
  value: "WebAssembly.Memory",
  configurable: true,
});

module.exports = { Memory };
