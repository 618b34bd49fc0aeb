"use strict";

const { canBeDetached, protect, checkDetachable, retire } = require("../engine/buffers");
const { PAGE, toIndex } = require("../webidl/convert");
const { HostedStore, createHost } = require("./hosted");
const { BaseStore, checkGrowth } = require("./store");
const { keepAlive } = require("../engine/keep-alive");
const native = require("../../native");
const {
  ArrayBuffer,
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeGetMaxByteLength,
  ArrayBufferPrototypeResize,
  ArrayBufferPrototypeTransfer,
  ArrayBufferPrototypeTransferToFixedLength,
  MathCeil,
  MathMax,
  NumberIsInteger,
  ObjectDefineProperty,
  RangeError,
  ReflectApply,
  TypeError,
  WeakMap,
  WeakMapPrototypeDelete,
  WeakMapPrototypeGet,
  WeakMapPrototypeHas,
  WeakMapPrototypeSet,
} = require("../built-ins/primordials");

/**
 * Pages of our own, moved under a resizable ArrayBuffer of the engine's: on engines that have those,
 * but whose own class makes none. Their range waits for them in `home`, the store that they left.
 *
 * The engine does not know that this buffer is a memory's. So the buffer has a `resize()` of its own;
 * see also `#mend`.
 */
class ResizableStore extends BaseStore {
  #home;
  #buffer;
  #size;

  constructor(home, buffer) {
    super();
    this.#home = home;
    this.#buffer = buffer;
    this.#size = home.size;
    WeakMapPrototypeSet(storeOf, buffer, this);
  }

  /** A buffer that the pages of a memory of that type and size can move under. */
  static createBuffer(member, { maximum }, size) {
    const maxByteLength = maximum * PAGE;
    let buffer;
    try {
      buffer = new ArrayBuffer(size * PAGE, { __proto__: null, maxByteLength });
    } catch (cause) {
      throw new RangeError(
        `${member}: maximum: the engine could not reserve ${maxByteLength} bytes: ${cause.message}`,
        { cause },
      );
    }
    native.setDetachKey(buffer);
    protect(buffer);
    giveMethod(buffer, "resize", ownResize);
    if (canBeDetached) {
      giveMethod(buffer, "transfer", ownTransfer);
      giveMethod(buffer, "transferToFixedLength", ownTransferToFixedLength);
    }
    return buffer;
  }

  get type() {
    return this.#home.type;
  }

  get isShrinkable() {
    return true;
  }

  get size() {
    this.#mend("Memory.type()");
    return this.#size;
  }

  get buffer() {
    this.#mend("Memory.buffer");
    return this.#buffer;
  }

  grow(delta) {
    return this.#grow("Memory.grow()", delta);
  }

  /** The JS API's HostResizeArrayBuffer. */
  resize(length) {
    const member = "ArrayBuffer.resize()";
    this.#mend(member);
    const size = length / PAGE;
    if (!NumberIsInteger(size) || size < this.#size) {
      throw new RangeError(
        `${member}: newLength: a memory of ${this.#size} pages only grows, by whole pages of ${PAGE} bytes; got ${length}`,
      );
    }
    this.#grow(member, size - this.#size);
  }

  /** Gives the pages back, and detaches the buffer. */
  close() {
    const member = "Memory.close()";
    this.#checkCanLeave(member);
    const keeper = retire(member, this.#buffer);
    this.#leave(keeper);
    native.release(keeper);
  }

  toResizable() {
    return this;
  }

  /** Lets the pages go home. */
  toFixedLength() {
    const member = "Memory.toFixedLengthBuffer()";
    this.#checkCanLeave(member);
    this.#leave(this.#home.moveBack(member, this.#buffer, this.#size));
    return this.#home;
  }

  toHosted() {
    const member = "Memory.toWebAssembly()";
    this.#checkCanLeave(member);
    const memory = createHost(member, { ...this.type, initial: this.#size });
    const store = new HostedStore(memory, this.type);
    this.#leave(this.#home.moveOn(member, this.#buffer, store.buffer));
    return store;
  }

  #checkCanLeave(member) {
    this.#mend(member);
    checkDetachable(member, this.#buffer);
  }

  /** The pages have left the buffer; `keeper` keeps the addresses mapped that it had. */
  #leave(keeper) {
    WeakMapPrototypeDelete(storeOf, this.#buffer);
    keepAlive(keeper, this.#buffer);
  }

  #grow(member, delta) {
    this.#mend(member);
    const size = this.#size;
    checkGrowth(this.type, size, delta, member);
    this.#setLength(member, size + delta);
    return size;
  }

  /**
   * A program that takes `resize()` from the prototype gets past the buffer's own. The engine has given
   * back what that cut off, which reads zero since no page is a file's: see `canBeCutOff` in
   * engine/buffers.js. But a memory never shrinks, and it has whole pages.
   */
  #mend(member) {
    const buffer = this.#buffer;
    if (ArrayBufferPrototypeGetMaxByteLength(buffer) !== this.type.maximum * PAGE) {
      throw new TypeError(`${member}: the buffer was transferred, and the memory's pages with it`);
    }
    const length = ArrayBufferPrototypeGetByteLength(buffer);
    if (length === this.#size * PAGE) return;
    this.#setLength(member, MathMax(this.#size, MathCeil(length / PAGE)));
  }

  #setLength(member, size) {
    try {
      ArrayBufferPrototypeResize(this.#buffer, size * PAGE);
    } catch (cause) {
      throw new RangeError(
        `${member}: the engine could not make it ${size} pages: ${cause.message}`,
        {
          cause,
        },
      );
    }
    this.#size = size;
  }
}

/** The store of each buffer that is a memory's now. */
const storeOf = new WeakMap();

function giveMethod(buffer, name, value) {
  const attributes = { writable: true, configurable: true };
  ObjectDefineProperty(buffer, name, { __proto__: null, value, ...attributes });
}

const { resize: ownResize } = {
  resize(newLength) {
    const name = "ArrayBuffer.resize(): newLength";
    const length = WeakMapPrototypeHas(storeOf, this) ? toIndex(newLength, name) : newLength;
    // Asked again: the conversion may have run toFixedLengthBuffer().
    const store = WeakMapPrototypeGet(storeOf, this);
    if (store === undefined) ArrayBufferPrototypeResize(this, length);
    else store.resize(length);
  },
};

/** What a buffer has in place of a method that would detach it. */
function refusing(name, inherited) {
  const method = {
    [name](...args) {
      if (!WeakMapPrototypeHas(storeOf, this)) return ReflectApply(inherited, this, args);
      throw new TypeError(`ArrayBuffer.${name}(): the buffer of a Memory cannot be detached`);
    },
  };
  return method[name];
}

const ownTransfer = refusing("transfer", ArrayBufferPrototypeTransfer);
const ownTransferToFixedLength = refusing(
  "transferToFixedLength",
  ArrayBufferPrototypeTransferToFixedLength,
);

module.exports = { ResizableStore };
