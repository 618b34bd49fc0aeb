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
const { forget } = require("./identity/object-cache");
const { isRegistered } = require("./identity/registered");
const { Slot } = require("./identity/slot");
const { createStore, openStore } = require("./stores/choose");
const { closed } = require("./stores/closed");
const pages = require("./operations/pages");
const { createSnapshot, isSnapshot, imageOf } = require("./snapshot");
const { typeError } = require("./built-ins/errors");
const { ObjectGetPrototypeOf } = require("./built-ins/primordials");

// Operations that many programs never need are required within the members that use them.

/**
 * A linear memory.
 *
 * Every member converts all its arguments before it acts on the store: a conversion can run code of the
 * program, which can move the memory to another store, or close it.
 *
 * The class extends null so that its constructor may return an object that it did not make.
 */
class Memory extends null {
  /**
   * @param {unknown} descriptor
   * @param {unknown} [options]
   */
  constructor(descriptor, options = undefined) {
    const type = readDescriptor(descriptor);
    const { hugePages } = readOptions(options, { ignoresUnknown: isRegistered() });
    const prototype = prototypeFor(new.target);
    const store = createStore(type, { hugePages });
    if (store.needsHiddenClasses && !isRegistered()) keepHiddenClasses(createExample);
    return /** @type {Memory} */ (createObject(store, prototype));
  }

  /**
   * @param {unknown} path
   * @param {unknown} [options]
   */
  static open(path, options = undefined) {
    const { openFile } = require("./operations/open");
    return objectOf(openFile(path, options));
  }

  /**
   * @param {unknown} source
   * @param {unknown} [options]
   * @returns {object}
   */
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
      throw typeError(
        "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
        `Memory.from(): expected a WebAssembly.Memory, a Snapshot or a token from share(), got ${show(source)}`,
      );
    }
    return objectOf(store);
  }

  get buffer() {
    let store;
    try {
      store = Slot.get(this); // as storeOf() does: calling it would take as long as the rest
    } catch {
      store = storeOf(this, "buffer");
    }
    return store.buffer;
  }

  /** @param {unknown} delta */
  grow(delta) {
    const store = storeOf(this, "grow()");
    const { address } = store.type;
    const added = toAddress(delta, address, "Memory.grow(): delta");
    // Re-read the store: converting `delta` may have moved the memory, or closed it.
    return fromAddress(storeOf(this, "grow()").grow(added), address);
  }

  type() {
    const store = storeOf(this, "type()");
    store.checkIntact("Memory.type()");
    const { address, maximum, shared } = store.type;
    return {
      minimum: fromAddress(store.size, address),
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
      throw typeError(
        "ERR_LINEAR_MEMORY_NO_MAXIMUM",
        "Memory.toResizableBuffer(): the memory has no maximum; create it with one",
      );
    }
    return moveTo(this, store.toResizable()).buffer;
  }

  share() {
    const store = storeOf(this, "share()");
    if (!store.isShared) {
      throw typeError(
        "ERR_LINEAR_MEMORY_NOT_SHARED",
        "Memory.share(): expected a shared memory; create it with shared: true",
      );
    }
    remember(this, store);
    return store.toToken();
  }

  /**
   * @param {unknown} offset
   * @param {unknown} length
   */
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

  /** @param {unknown} snapshot */
  restore(snapshot) {
    checkReceiver(this, "restore()");
    const image = imageOf(snapshot, "Memory.restore()");
    pages.restore(storeOf(this, "restore()"), image, "Memory.restore()");
  }

  /**
   * @param {unknown} offset
   * @param {unknown} file
   * @param {unknown} [options]
   */
  map(offset, file, options = undefined) {
    storeOf(this, "map()");
    const { readMapping, map } = require("./operations/map");
    const mapping = readMapping(offset, file, options);
    // Re-read the store: a getter of the options may have moved the memory, or mapped another file.
    const store = storeOf(this, "map()");
    const mapped = map(store, mapping);
    if (mapped !== store) Slot.set(toMemory(this, "map()"), mapped);
  }

  /**
   * @param {unknown} [offset]
   * @param {unknown} [length]
   */
  async flush(offset = undefined, length = undefined) {
    const { readRange, flush } = require("./operations/flush");
    const range = readRange(offset, length, "Memory.flush()");
    await flush(storeOf(this, "flush()"), range);
  }

  /**
   * @param {unknown} [offset]
   * @param {unknown} [length]
   */
  flushSync(offset = undefined, length = undefined) {
    const { readRange, flushSync } = require("./operations/flush");
    const range = readRange(offset, length, "Memory.flushSync()");
    flushSync(storeOf(this, "flushSync()"), range);
  }

  /**
   * @param {unknown} index
   * @param {unknown} expected
   * @param {unknown} [timeout]
   */
  async wait(index, expected, timeout = undefined) {
    storeOf(this, "wait()");
    const { readWait, wait } = require("./operations/wait");
    const args = readWait(index, expected, timeout);
    // Re-read the store: the conversions may have moved the memory, or closed it. To return
    // the promise without `await` would look up its then(), which a program can replace.
    return await wait(storeOf(this, "wait()"), args);
  }

  /**
   * @param {unknown} index
   * @param {unknown} [count]
   */
  notify(index, count = undefined) {
    storeOf(this, "notify()");
    const { readNotify, notify } = require("./operations/wait");
    const args = readNotify(index, count);
    // Re-read the store, as in wait().
    return notify(storeOf(this, "notify()"), args);
  }

  usage() {
    return pages.usage(storeOf(this, "usage()"));
  }

  close() {
    const memory = toMemory(this, "close()");
    const store = Slot.get(memory);
    store.close();
    forget(store);
    Slot.set(memory, closed);
  }
}

/**
 * Returns the store of the receiver of `member`; throws if the receiver is not a memory, or is closed.
 *
 * @param {unknown} receiver
 * @param {string} member
 */
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
 * Returns the receiver of `member` if it is a `Memory`, or the `Memory` of an engine memory; throws for any other
 * receiver. Engine memories inherit our members while this class stands in for the engine's. Those that got
 * our prototype in that time keep it afterwards.
 *
 * @param {unknown} receiver
 * @param {string} member
 * @returns {object}
 */
function toMemory(receiver, member) {
  if (isObject(receiver) && Slot.isIn(receiver)) return receiver;
  if (isEngineMemory(receiver) && (isRegistered() || hasOurPrototype(receiver))) {
    return Memory.from(receiver);
  }
  throw typeError(
    "ERR_LINEAR_MEMORY_INVALID_RECEIVER",
    `Memory.${member}: expected a Memory as receiver, got ${show(receiver)}`,
  );
}

/** @param {object} memory */
function hasOurPrototype(memory) {
  return ObjectGetPrototypeOf(memory) === Memory.prototype;
}

/**
 * Throws if the receiver of `member` is not a memory. Does not throw if it is closed: the arguments are converted
 * before that is checked.
 *
 * @param {unknown} receiver
 * @param {string} member
 */
function checkReceiver(receiver, member) {
  if (!isObject(receiver) || !Slot.isIn(receiver)) storeOf(receiver, member);
}

/** Creates a memory over reserved pages that has grown. Returns objects that have all its hidden classes. */
function createExample() {
  const memory = new Memory({ initial: 0, maximum: 0 });
  const { buffer } = memory;
  memory.grow(0);
  return [memory, buffer];
}

defineInterface(Memory, "WebAssembly.Memory", Memory.prototype.close);
setMemoryClass(Memory);

module.exports = { Memory };
