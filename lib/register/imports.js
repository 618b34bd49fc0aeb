"use strict";

const { Memory } = require("../memory");
const { isObject } = require("../webidl/convert");
const { ObjectCreate, Proxy, ReflectApply, ReflectGet } = require("../built-ins/primordials");
const { Slot } = require("../identity/slot");
const { upgrade } = require("./upgrade");

const { toWebAssembly } = Memory.prototype;

/**
 * An import object that reads as another, but that each `Memory` in it is a WebAssembly.Memory. What
 * the engine reads, when, in which order and how often, and what it says of it, stays its own: nothing
 * is read here but in its name.
 *
 * The target is not the object itself: a proxy must tell the values of its target's frozen properties.
 */
function forEngine(imports) {
  if (!isObject(imports)) return imports;
  return new Proxy(ObjectCreate(null), {
    __proto__: null,
    get: (_, module) => namespaceForEngine(ReflectGet(imports, module)),
  });
}

function namespaceForEngine(namespace) {
  if (!isObject(namespace)) return namespace;
  return new Proxy(ObjectCreate(null), {
    __proto__: null,
    get: (_, name) => valueForEngine(ReflectGet(namespace, name)),
  });
}

function valueForEngine(value) {
  if (!isObject(value)) return value;
  if (Slot.isIn(value)) return ReflectApply(toWebAssembly, value, []);
  if (typeof value === "object") upgrade(value);
  return value;
}

module.exports = { forEngine };
