"use strict";

const { Memory } = require("../memory");
const { isObject } = require("../webidl/convert");
const { ObjectCreate, Proxy, ReflectApply, ReflectGet } = require("../built-ins/primordials");
const { Slot } = require("../identity/slot");
const { upgrade } = require("./upgrade");

const { toWebAssembly } = Memory.prototype;

/**
 * Returns a proxy of an import object in which each `Memory` reads as a WebAssembly.Memory. The engine decides
 * what it reads, in which order and how often, and which errors it throws: the proxy reads only what the
 * engine reads through it.
 *
 * The target of the proxy is not the object itself: a proxy has to report the values of its target's frozen
 * properties as they are.
 *
 * @param {unknown} imports
 */
function forEngine(imports) {
  if (!isObject(imports)) return imports;
  return new Proxy(ObjectCreate(null), {
    __proto__: null,
    get: (_, module) => namespaceForEngine(ReflectGet(imports, module)),
  });
}

/** @param {unknown} namespace */
function namespaceForEngine(namespace) {
  if (!isObject(namespace)) return namespace;
  return new Proxy(ObjectCreate(null), {
    __proto__: null,
    get: (_, name) => valueForEngine(ReflectGet(namespace, name)),
  });
}

/** @param {unknown} value */
function valueForEngine(value) {
  if (!isObject(value)) return value;
  if (Slot.isIn(value)) return ReflectApply(toWebAssembly, value, []);
  if (typeof value === "object") upgrade(value);
  return value;
}

module.exports = { forEngine };
