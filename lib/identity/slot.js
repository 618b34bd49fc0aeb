"use strict";

const { ExistingObject } = require("../webidl/platform-object");

/** @import { Store } from "../stores/store" */

/**
 * The private field in which a memory has its store. It is not a field of the class `Memory`: an engine memory
 * can have it too, see registered.js.
 */
class Slot extends ExistingObject {
  #store;

  /**
   * @param {object} object
   * @param {Store} store
   */
  constructor(object, store) {
    super(object);
    this.#store = store;
  }

  /**
   * Gives an object its first store.
   *
   * @param {object} object
   * @param {Store} store
   */
  static add(object, store) {
    new Slot(object, store);
  }

  /**
   * @param {object} object
   * @returns {object is Slot}
   */
  static isIn(object) {
    return #store in object;
  }

  /**
   * Returns the store of an object. Throws an engine error that names no member if the object has none.
   *
   * @param {unknown} object
   */
  static get(object) {
    return /** @type {Slot} */ (object).#store;
  }

  /**
   * Replaces the store of an object. Throws as `get()` does.
   *
   * @param {object} object
   * @param {Store} store
   */
  static set(object, store) {
    /** @type {Slot} */ (object).#store = store;
  }
}

module.exports = { Slot };
