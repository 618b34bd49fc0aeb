"use strict";

const { ObjectIsExtensible, WeakMap, WeakMapPrototypeSet } = require("../built-ins/primordials");

/**
 * Makes an object hold another as long as it lives, unseen: a private field, added to an object that
 * this class did not make. (A WeakMap would do, but costs the collector more than all of a growth.)
 */
class Holder extends function (object) {
  return object;
} {
  // eslint-disable-next-line no-unused-private-class-members -- that it is there is its use
  #held;

  constructor(object, held) {
    super(object);
    this.#held = held;
  }
}

/** For what can take no field: a program may have frozen it. */
const heldBy = new WeakMap();

function keepAlive(held, object) {
  if (ObjectIsExtensible(object)) new Holder(object, held);
  else WeakMapPrototypeSet(heldBy, object, held);
}

module.exports = { keepAlive };
