"use strict";

// The interface of a store: where the pages of a memory live. A memory is in one store at a time. The members
// that move the pages return the store that it is in from then on:
//
//   reserved  → hosted       toHosted(), and toResizable() if engine memories have resizable buffers
//   reserved  → resizable    toResizable() otherwise
//   resizable → reserved     toFixedLength()
//   resizable → hosted       toHosted()
//
// Nothing moves out of hosted and shared-reserved. File-backed and with-mapped-files wrap one of these four, and
// move with it. After close(), the memory is in the closed store.
//
// Nothing outside this folder asks which store a memory is in: see docs/architecture.md.

const { checkLength } = require("../engine/buffers");
const { PAGE } = require("../webidl/convert");
const { checkGrowth: checkGrowthOfType, sizeLimit } = require("../webidl/descriptor");
const native = require("../../native");
const { typeError } = require("../built-ins/errors");
const { MathMin, ObjectSetPrototypeOf, Uint8Array } = require("../built-ins/primordials");

/**
 * @import { MemoryType } from "../webidl/descriptor"
 * @import { File, Pages } from "../../native"
 */

/**
 * The members that every store has.
 *
 * @typedef {object} Store
 * @property {MemoryType} type The type of the memory.
 * @property {boolean} isShared The same as `type.shared`, without asking the engine for the type.
 * @property {number} size The number of pages.
 * @property {ArrayBuffer | SharedArrayBuffer} buffer The same object until the memory grows.
 * @property {Pages} pages What the addon takes for all pages of a memory: the buffer, or a view of it if it
 *   is shared.
 * @property {AddressSpace} addressSpace The address space that the memory takes.
 * @property {number | undefined} address The address of the first byte, if the memory is shared: all
 *   threads have the same.
 * @property {WebAssembly.Memory | undefined} engineMemory The engine memory that the pages are in.
 * @property {number | undefined} handle The addon's handle of the memory, if its pages are reserved and
 *   not shared.
 * @property {boolean} mayMove Whether the engine may move the pages to other addresses when the memory grows, and so
 *   away from a mapped file.
 * @property {StoreFile | undefined} file The file that backs the memory.
 * @property {MappedFiles} mappedFiles The files that were mapped over parts of the memory.
 * @property {Store} unmapped The store without these mapped files.
 * @property {boolean} isShrinkable Whether a program can shrink the buffer, by the `resize()` of the
 *   prototype. The engine decommits what that cuts off. No page there may be a file's: the file's bytes
 *   would come back with the page. So bytes are copied to such a memory, and no file is mapped.
 * @property {boolean} needsHiddenClasses Whether growth is fast only as long as there are objects with the
 *   hidden classes of a memory in this store.
 * @property {(member: string) => void} checkOpen Throws if the memory is closed.
 * @property {(member: string) => void} checkIntact Throws if pages of the memory were lost: with a truncated file,
 *   or with a buffer that the program transferred. Operations call it before they read `size` or `pages`.
 * @property {(member: string) => void} reconcile Extends the file that backs the memory, if it is written to, to
 *   the pages that a module has added.
 * @property {(delta: number) => number} grow Grows by `delta` pages. Returns how many there were before;
 *   throws a RangeError.
 * @property {() => void} close Releases the pages; throws a TypeError. Afterwards only `engineMemory` and
 *   `address` are read.
 * @property {() => Store} toHosted Returns the store of the same bytes that has an engine memory; throws
 *   a TypeError.
 * @property {() => Store} toResizable Returns the store of the same bytes whose buffer is resizable, for
 *   a type that has a maximum; throws a TypeError.
 * @property {() => Store} toFixedLength Returns the store of the same bytes whose buffer is not resizable.
 * @property {() => object | undefined} toToken Returns what `share()` returns, and `openStore()` takes in
 *   another thread; only for a shared memory.
 */

/**
 * The bytes that are reserved for a memory, and the accessible part of them.
 *
 * @typedef {{ reserved: number, committed: number }} AddressSpace
 */

/**
 * A file that backs a memory, and the text that names it.
 *
 * @typedef {File & { path: string }} StoreFile
 */

/**
 * A file that was mapped over part of a memory: its path, and the addon's handle.
 *
 * @typedef {{ path: string, id: number }} MappedFile
 * @typedef {{ length: number, [index: number]: MappedFile }} MappedFiles
 */

/** The members that most stores have in common. Each store defines the others. */
class BaseStore {
  /** @this {Store} */
  get isShared() {
    return this.type.shared;
  }

  /**
   * @this {Store}
   * @returns {Pages}
   */
  get pages() {
    const { buffer } = this;
    return this.isShared ? new Uint8Array(buffer) : /** @type {ArrayBuffer} */ (buffer);
  }

  /**
   * @this {Store}
   * @returns {number | undefined}
   */
  get address() {
    return this.isShared ? native.address(/** @type {Uint8Array} */ (this.pages)) : undefined;
  }

  /**
   * Returns the address space of an engine memory. The engine does not report it, so this reads it from the
   * system: the inaccessible mapping behind the pages belongs to the memory, up to the size that it can grow
   * to. Beyond that are guard pages, and the next memory.
   *
   * @this {Store}
   * @returns {AddressSpace}
   */
  get addressSpace() {
    const { pages, type } = this;
    return {
      reserved: MathMin(native.hostedReserved(pages), sizeLimit(type) * PAGE),
      committed: this.size * PAGE,
    };
  }

  /** @returns {WebAssembly.Memory | undefined} */
  get engineMemory() {
    return undefined;
  }

  /** @returns {number | undefined} */
  get handle() {
    return undefined;
  }

  get mayMove() {
    return false;
  }

  /** @returns {StoreFile | undefined} */
  get file() {
    return undefined;
  }

  /** @returns {MappedFiles} */
  get mappedFiles() {
    return NO_FILES;
  }

  /**
   * @this {Store}
   * @returns {Store}
   */
  get unmapped() {
    return this;
  }

  get isShrinkable() {
    return false;
  }

  get needsHiddenClasses() {
    return false;
  }

  /** @type {Store["checkOpen"]} */
  checkOpen() {}

  /** @type {Store["checkIntact"]} */
  checkIntact() {}

  /** @type {Store["reconcile"]} */
  reconcile() {}

  /** @returns {object | undefined} */
  toToken() {
    return undefined;
  }
}

const NO_FILES = { __proto__: null, length: 0 };

// A store inherits nothing that a program can put on `Object.prototype`.
ObjectSetPrototypeOf(BaseStore.prototype, null);

/**
 * Throws a RangeError if a memory of `size` pages cannot grow by `delta`: its type does not allow as many,
 * or a buffer of this engine cannot be that long.
 *
 * @param {MemoryType} type
 * @param {number} size
 * @param {number} delta
 * @param {string} member
 */
function checkGrowth(type, size, delta, member) {
  checkGrowthOfType(type, size, delta, member);
  checkLength(member, size + delta);
}

/**
 * Returns the error for a memory that cannot have a resizable buffer.
 *
 * @param {string} reason
 */
function noResizableBuffer(reason) {
  return typeError("ERR_LINEAR_MEMORY_NOT_SUPPORTED", `Memory.toResizableBuffer(): ${reason}`);
}

module.exports = { BaseStore, checkGrowth, noResizableBuffer };
