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
 * realm that loaded the addon first, which differs under `vm` contexts (Jest, say).
 */
function adopt(buffer, { prototype }) {
  if (ObjectGetPrototypeOf(buffer) !== prototype) ObjectSetPrototypeOf(buffer, prototype);
  return buffer;
}

/** What all copies of this package in a thread share under a name, whichever realm they are in. */
function shared(name, create) {
  const key = SymbolFor(`linear-memory: ${name}`);
  if (native[key] === undefined) {
    ObjectDefineProperty(native, key, { __proto__: null, value: create() });
  }
  return native[key];
}

/** By an intrinsic object of each realm that has loaded this package: its `Memory.prototype`. */
const prototypes = shared("realms", () => new WeakMap());

/** Tells other realms the prototype of memories in this one. */
function rememberPrototype(prototype) {
  if (WeakMapPrototypeHas(prototypes, FinalizationRegistryPrototype)) return;
  WeakMapPrototypeSet(prototypes, FinalizationRegistryPrototype, prototype);
}

/** The prototype of memories in the realm of a function, or `ours` if that is this realm, or unknown. */
function prototypeIn(constructor, ours) {
  const intrinsic = ObjectGetPrototypeOf(createPlatformObject(constructor));
  if (intrinsic === FinalizationRegistryPrototype) return ours;
  return WeakMapPrototypeGet(prototypes, intrinsic) ?? ours;
}

module.exports = { adopt, shared, rememberPrototype, prototypeIn };
