"use strict";

const { constants } = require("node:buffer");
const { setImmediate } = require("node:timers");
const { markAsUntransferable, isMarkedAsUntransferable } = require("node:worker_threads");

const { PAGE } = require("./convert");
const { sizeLimit, checkGrowth } = require("./descriptor");
const engine = require("./engine");
const { translate } = require("./errors");
const { features } = require("./features");
const { HostedStore, no64 } = require("./hosted-store");
const { keepAlive } = require("./keep-alive");
const native = require("../native");
const { adopt } = require("./realm");

/**
 * Pages of our own, unshared, handed to the engine as an ArrayBuffer that every growth reissues.
 *
 * Native code that a program started (a write to a file, say) keeps the buffer object it was given,
 * not the pages under it. So a detached buffer keeps the store alive that it came from, and with it
 * the pages.
 */
class ReservedStore {
  #id;
  #buffer;
  /** A view of the buffer's first byte. A detached one has none: asking that is the fastest way. */
  #probe;
  #size;

  constructor(type, { hugePages = false } = {}) {
    const { id, buffer } = issue(type, hugePages);
    this.type = type;
    this.#id = id;
    this.#size = type.initial;
    this.#hold(buffer);
  }

  get isShared() {
    return false;
  }

  get size() {
    return this.#size;
  }

  get buffer() {
    return canBeDetached && !(0 in this.#probe) ? this.#reissue() : this.#buffer;
  }

  grow(delta) {
    const size = this.#size;
    checkGrowth(this.type, size, delta);
    checkLength("Memory.grow()", size + delta);
    const { buffer } = this;
    checkDetachable("Memory.grow()", buffer);
    let next;
    try {
      next = native.grow(this.#id, delta, buffer);
    } catch (error) {
      throw translate(error, "Memory.grow()");
    }
    this.#size = size + delta;
    this.#hold(next);
    keepAlive(this, buffer);
    return size;
  }

  get pages() {
    return this.buffer;
  }

  get reserved() {
    return native.reserved(this.#id);
  }

  /** Gives the pages back, and detaches the buffer. */
  close() {
    const { buffer } = this;
    checkDetachable("Memory.close()", buffer);
    try {
      // What it returns keeps the addresses mapped that `buffer` had, for those who hold it.
      this.#buffer = native.close(this.#id, buffer);
    } catch (error) {
      throw translate(error, "Memory.close()");
    }
    keepAlive(this, buffer);
  }

  /** Moves the pages into a WebAssembly.Memory, and returns the store that holds it. */
  toHosted() {
    const { buffer, type } = this;
    checkDetachable("Memory.toWebAssembly()", buffer);
    const memory = createHost({ ...type, initial: this.#size });
    try {
      // What it returns keeps the addresses mapped that `buffer` had, for those who hold it.
      const view = new Uint8Array(engine.bufferOf(memory));
      this.#buffer = native.vacate(this.#id, view, buffer);
    } catch (error) {
      throw translate(error, "Memory.toWebAssembly()");
    }
    keepAlive(this, buffer);
    return new HostedStore(memory, type);
  }

  /** A new buffer where a program detached the one it was given, by `transfer()` say. */
  #reissue() {
    let buffer;
    try {
      buffer = native.issue(this.#id);
    } catch (error) {
      throw translate(error, "Memory.buffer: it was transferred, and its pages with it");
    }
    return this.#hold(buffer);
  }

  /** Takes a buffer that the addon has made as the memory's. */
  #hold(buffer) {
    if (marksBuffers) markAsUntransferable(buffer);
    this.#buffer = adopt(buffer, ArrayBuffer);
    if (canBeDetached) this.#probe = this.#size === 0 ? ATTACHED : new Uint8Array(buffer, 0, 1);
    return buffer;
  }
}

// Without detach keys, structured clone at least can be told to leave a buffer alone. Node does so by
// itself with those that Node-API made.
const marksBuffers = features.handoff === "v8" && !features.detachKeys;

/** What stands for a buffer without bytes: nothing is lost when that one is detached. */
const ATTACHED = new Uint8Array(1);

/** Whether a program can detach a buffer: by `transfer()`, which only detach keys prevent. */
const canBeDetached = !features.detachKeys && "transfer" in ArrayBuffer.prototype;

/** Refuses a buffer to which the program has given a detach key of Node's, in place of ours. */
function checkDetachable(member, buffer) {
  if (features.detachKeys && isMarkedAsUntransferable(buffer)) {
    throw new TypeError(
      `${member}: buffer: marked with markAsUntransferable(), it can no longer be detached`,
    );
  }
}

/** A new memory of the addon's: its number, and the buffer that keeps it alive. */
function issue(type, hugePages = false) {
  checkLength("Memory", type.initial);
  // The addon reserves no more than a memory can have.
  const maximum = type.maximum === undefined ? undefined : sizeLimit(type);
  releaseSparesSoon();
  try {
    return native.create(type.initial, maximum, type.shared, hugePages);
  } catch (error) {
    throw translate(error, "Memory");
  }
}

let willReleaseSpares = false;

/** The addon keeps released ranges for the next memories of this turn of the event loop. */
function releaseSparesSoon() {
  if (willReleaseSpares) return;
  willReleaseSpares = true;
  setImmediate(() => {
    willReleaseSpares = false;
    native.releaseSpares();
  });
}

function checkLength(member, pages) {
  const bytes = pages * PAGE;
  if (bytes > constants.MAX_LENGTH) {
    throw new RangeError(
      `${member}: ${pages} pages are ${bytes} bytes, more than a buffer of this engine's can view (${constants.MAX_LENGTH})`,
    );
  }
}

function createHost(type) {
  if (type.address === "i64" && !engine.has64()) throw no64();
  try {
    return engine.create(type);
  } catch (cause) {
    const tooLarge = type.maximum > sizeLimit({ address: type.address });
    const Kind = tooLarge ? TypeError : RangeError;
    throw new Kind(`Memory.toWebAssembly(): the engine refused: ${cause.message}`, { cause });
  }
}

module.exports = { ReservedStore, issue, checkLength };
