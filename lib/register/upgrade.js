"use strict";

// Upgrades memories that the engine made while our class stands in for its own. The engine gives them its
// prototype. They get ours when the program reads them from exports, or passes them to an import or a member.

const { Memory } = require("../memory");
const { EngineMemory, isMemory } = require("../engine/memory");
const {
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ReflectOwnKeys,
  WeakMap,
  WeakMapPrototypeHas,
  WeakMapPrototypeSet,
} = require("../built-ins/primordials");

const { from } = Memory;

/**
 * The exports objects whose memories were upgraded.
 *
 * @type {WeakMap<object, true>}
 */
const upgraded = new WeakMap();

/**
 * Upgrades the memories among the exports of an instance. Exports are frozen: once is enough.
 *
 * @param {object} exported
 */
function upgradeExports(exported) {
  if (WeakMapPrototypeHas(upgraded, exported)) return;
  const keys = ReflectOwnKeys(exported);
  for (let i = 0; i < keys.length; i++) {
    const value = ObjectGetOwnPropertyDescriptor(exported, keys[i])?.value;
    if (typeof value === "object") upgrade(value);
  }
  WeakMapPrototypeSet(upgraded, exported, true);
}

/**
 * Makes an engine memory a `Memory`, if it has the engine's prototype.
 *
 * @param {unknown} value
 */
function upgrade(value) {
  if (isMemory(value) && ObjectGetPrototypeOf(value) === EngineMemory.prototype) from(value);
}

module.exports = { upgrade, upgradeExports };
