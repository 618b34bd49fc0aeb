"use strict";

const { ExistingObject } = require("../webidl/platform-object");

/**
 * Where a memory has its store: a private field. Not of the class `Memory`, since it is also given to
 * objects that this class did not make: to a WebAssembly.Memory of the engine's, see identity/registered.js.
 */
class Slot extends ExistingObject {
  #store;

  constructor(object, store) {
    super(object);
    this.#store = store;
  }

  /** Gives an object its first store. */
  static add(object, store) {
    new Slot(object, store);
  }

  static isIn(object) {
    return #store in object;
  }

  /** Throws where there is none, without naming anything. */
  static get(object) {
    return object.#store;
  }

  static set(object, store) {
    object.#store = store;
  }
}

module.exports = { Slot };
