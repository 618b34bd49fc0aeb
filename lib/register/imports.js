"use strict";

const { Memory } = require("../..");
const { isObject } = require("../convert");
const { Slot } = require("../slot");

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
  return new Proxy(Object.create(null), {
    get: (_, module) => namespaceForEngine(Reflect.get(imports, module)),
  });
}

function namespaceForEngine(namespace) {
  if (!isObject(namespace)) return namespace;
  return new Proxy(Object.create(null), {
    get: (_, name) => valueForEngine(Reflect.get(namespace, name)),
  });
}

function valueForEngine(value) {
  return isObject(value) && Slot.isIn(value) ? Reflect.apply(toWebAssembly, value, []) : value;
}

module.exports = { forEngine };
