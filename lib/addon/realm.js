"use strict";

const { createPlatformObject } = require("../webidl/platform-object");
const {
  FinalizationRegistryPrototype,
  ObjectDefineProperty,
  ObjectGetPrototypeOf,
  ObjectSetPrototypeOf,
  SymbolFor,
  WeakMap,
  WeakMapPrototypeGet,
  WeakMapPrototypeHas,
  WeakMapPrototypeSet,
} = require("../built-ins/primordials");
const native = require("../../native");

/**
 * Gives a buffer that the addon made the prototype of this module's realm. Node-API makes it in the
 * realm that loaded the addon first, which differs under `vm` contexts (Jest, for example).
 *
 * @template {object} B
 * @param {B} buffer
 * @param {{ prototype: B }} Class
 */
function adopt(buffer, { prototype }) {
  if (ObjectGetPrototypeOf(buffer) !== prototype) ObjectSetPrototypeOf(buffer, prototype);
  return buffer;
}

/**
 * Returns a value that all copies of this package in a thread share under a name, whichever realm they are in.
 *
 * @template T
 * @param {string} name
 * @param {() => T} create
 * @returns {T}
 */
function shared(name, create) {
  const key = SymbolFor(`linear-memory: ${name}`);
  const values = /** @type {{ [key: symbol]: T }} */ (native);
  if (values[key] === undefined) {
    ObjectDefineProperty(values, key, { __proto__: null, value: create() });
  }
  return values[key];
}

/**
 * The `Memory.prototype` of each realm that has loaded this package. The keys are an intrinsic object of each realm.
 *
 * @type {WeakMap<object, object>}
 */
const prototypes = shared("realms", () => new WeakMap());

/**
 * Makes the prototype of memories in this realm known to others.
 *
 * @param {object} prototype
 */
function rememberPrototype(prototype) {
  if (WeakMapPrototypeHas(prototypes, FinalizationRegistryPrototype)) return;
  WeakMapPrototypeSet(prototypes, FinalizationRegistryPrototype, prototype);
}

/**
 * Returns the prototype of memories in the realm of a function, or `ours` if that realm is this one or is unknown.
 *
 * @param {Function} constructor
 * @param {object} ours
 * @returns {object}
 */
function prototypeIn(constructor, ours) {
  const intrinsic = /** @type {object} */ (ObjectGetPrototypeOf(createPlatformObject(constructor)));
  if (intrinsic === FinalizationRegistryPrototype) return ours;
  return WeakMapPrototypeGet(prototypes, intrinsic) ?? ours;
}

module.exports = { adopt, shared, rememberPrototype, prototypeIn };
