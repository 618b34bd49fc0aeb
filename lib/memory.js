"use strict";

const { show, isObject, toAddress, toPageBytes, fromAddress } = require("./webidl/convert");
const { readDescriptor, readOptions } = require("./webidl/descriptor");
const { defineInterface } = require("./webidl/interface");
const { isMemory: isEngineMemory } = require("./engine/memory");
const { keepHiddenClasses } = require("./engine/hidden-classes");
const {
  setMemoryClass,
  prototypeFor,
  createObject,
  objectOf,
  findObject,
  moveTo,
  remember,
} = require("./identity/memory-object");
const { forgetStore } = require("./identity/object-cache");
const { isRegistered } = require("./identity/registered");
const { Slot } = require("./identity/slot");
const { createStore, openStore } = require("./stores/choose");
const { closed } = require("./stores/closed");
const pages = require("./operations/pages");
const { createSnapshot, isSnapshot, imageOf } = require("./snapshot");
const { ObjectGetPrototypeOf, TypeError } = require("./built-ins/primordials");

// What most programs never need is loaded when it is used.

// It inherits from no class, but its constructor returns an object that it has not made itself.
class Memory extends null {
  constructor(descriptor, options = undefined) {
    const type = readDescriptor(descriptor);
    const read = readOptions(options, { ignoresUnknown: isRegistered() });
    const prototype = prototypeFor(new.target);
    const store = createStore(type, read);
    if (store.needsHiddenClasses && !isRegistered()) keepHiddenClasses(createExample);
    return createObject(store, prototype);
  }

  static open(path, options = undefined) {
    const { openFile } = require("./operations/open");
    return objectOf(openFile(path, options));
  }

  static from(source, options = undefined) {
    if (isSnapshot(source)) {
      return createObject(pages.createFrom(imageOf(source, "Memory.from()"), options));
    }
    if (isObject(source) && Slot.isIn(source)) {
      storeOf(source, "from()");
      return source;
    }
    const known = findObject(source);
    if (known !== undefined) return known;
    const store = openStore(source);
    if (store === undefined) {
      throw new TypeError(
        `Memory.from(): expected a WebAssembly.Memory or what share() returned, got ${show(source)}`,
      );
    }
    return objectOf(store);
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
    return moveTo(this, storeOf(this, "toWebAssembly()").toHosted()).engineMemory;
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
    return createSnapshot({ ...pages.capture(store), type: { address, maximum, shared } });
  }

  restore(snapshot) {
    checkReceiver(this, "restore()");
    const image = imageOf(snapshot, "Memory.restore()");
    pages.restore(storeOf(this, "restore()"), image, "Memory.restore()");
  }

  map(offset, file, options = undefined) {
    storeOf(this, "map()");
    const { readMapping, map } = require("./operations/map");
    const mapping = readMapping(offset, file, options);
    // Looked up again: a getter of the options can move the memory, map another file, or close it.
    const store = storeOf(this, "map()");
    const mapped = map(store, mapping);
    if (mapped !== store) Slot.set(toMemory(this, "map()"), mapped);
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
    const args = readWait(index, expected, timeout);
    // Looked up again: the conversions can move the memory, or close it.
    // Not the promise itself: that would look up its then().
    return await wait(storeOf(this, "wait()"), args);
  }

  notify(index, count = undefined) {
    storeOf(this, "notify()");
    const { readNotify, notify } = require("./operations/wait");
    const args = readNotify(index, count);
    // Looked up again: as in wait().
    return notify(storeOf(this, "notify()"), args);
  }

  usage() {
    return pages.usage(storeOf(this, "usage()"));
  }

  close() {
    const memory = toMemory(this, "close()");
    const store = Slot.get(memory);
    store.close();
    forgetStore(store);
    Slot.set(memory, closed);
  }
}

/** Returns the store of a memory, for a member; throws if the receiver is not a memory, or is closed. */
function storeOf(receiver, member) {
  let store;
  try {
    store = Slot.get(receiver);
  } catch {
    store = Slot.get(toMemory(receiver, member));
  }
  store.checkOpen(member);
  return store;
}

/**
 * Returns the `Memory` that a receiver is, or the one of an engine memory that has no slot; throws if it is
 * neither. Such engine memories have our members if this class stands in for the engine's, and later if they
 * have our prototype from that time.
 */
function toMemory(receiver, member) {
  if (isObject(receiver) && Slot.isIn(receiver)) return receiver;
  if (isEngineMemory(receiver) && (isRegistered() || hasOurPrototype(receiver))) {
    return Memory.from(receiver);
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

/** Returns objects that have every hidden class of a memory over reserved pages: one that has grown. */
function createExample() {
  const memory = new Memory({ initial: 0, maximum: 0 });
  const { buffer } = memory;
  memory.grow(0);
  return [memory, buffer];
}

defineInterface(Memory, { name: "WebAssembly.Memory", dispose: Memory.prototype.close });
setMemoryClass(Memory);

module.exports = { Memory };
