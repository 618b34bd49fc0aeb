"use strict";

const { BaseStore } = require("./store");
const { typeError } = require("../built-ins/errors");
const { ObjectCreate } = require("../built-ins/primordials");

/** @import { Store } from "./store" */

/**
 * The store of a closed memory. It has no pages, and no transition leaves it: every member that needs pages
 * throws. Closing it again does nothing.
 *
 * @implements {Store}
 */
class ClosedStore extends BaseStore {
  /**
   * @param {string} member
   * @returns {never}
   */
  checkOpen(member) {
    throw typeError("ERR_LINEAR_MEMORY_CLOSED", `Memory.${member}: the memory is closed`);
  }

  close() {}

  get type() {
    return this.checkOpen("type()");
  }

  get isShared() {
    return this.checkOpen("share()");
  }

  get size() {
    return this.checkOpen("type()");
  }

  get buffer() {
    return this.checkOpen("buffer");
  }

  get pages() {
    return this.checkOpen("pages");
  }

  get addressSpace() {
    return this.checkOpen("usage()");
  }

  get address() {
    return undefined;
  }

  /** @param {string} member */
  checkIntact(member) {
    this.checkOpen(member);
  }

  /** @param {string} member */
  reconcile(member) {
    this.checkOpen(member);
  }

  grow() {
    return this.checkOpen("grow()");
  }

  toHosted() {
    return this.checkOpen("toWebAssembly()");
  }

  toResizable() {
    return this.checkOpen("toResizableBuffer()");
  }

  toFixedLength() {
    return this.checkOpen("toFixedLengthBuffer()");
  }

  toToken() {
    return this.checkOpen("share()");
  }
}

/**
 * Created without a call of the constructor, which the engine would have to compile when the package loads.
 *
 * @type {ClosedStore}
 */
const closed = ObjectCreate(ClosedStore.prototype);

module.exports = { closed };
