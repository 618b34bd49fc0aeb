"use strict";

const { ExistingObject } = require("../webidl/platform-object");
const { ObjectIsExtensible, WeakMap, WeakMapPrototypeSet } = require("../built-ins/primordials");

/**
 * Adds a reference to an object: a private field, which no program sees. (A WeakMap would do, but costs the
 * garbage collector more than a whole growth.)
 */
class Reference extends ExistingObject {
  // eslint-disable-next-line no-unused-private-class-members -- The collector reads it.
  #target;

  /**
   * @param {object} object
   * @param {object} target
   */
  constructor(object, target) {
    super(object);
    this.#target = target;
  }
}

/**
 * The targets of objects that take no field: a program may have frozen them.
 *
 * @type {WeakMap<object, object>}
 */
const targets = new WeakMap();

/**
 * Keeps `target` alive for as long as `object` is.
 *
 * @param {object} target
 * @param {object} object
 */
function keepAlive(target, object) {
  if (ObjectIsExtensible(object)) new Reference(object, target);
  else WeakMapPrototypeSet(targets, object, target);
}

module.exports = { keepAlive };
