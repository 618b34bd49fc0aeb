"use strict";

// Memories that the engine has made while our class stands in for its own. The engine gives them its
// prototype; they get ours when the program gets them, or when anything of ours is given one.

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

/** The exports of instances whose memories have our prototype. */
const upgraded = new WeakMap();

/** Gives the memories among an instance's exports our prototype. Exports are frozen: once is enough. */
function upgradeExports(exported) {
  if (WeakMapPrototypeHas(upgraded, exported)) return;
  const keys = ReflectOwnKeys(exported);
  for (let i = 0; i < keys.length; i++) {
    const value = ObjectGetOwnPropertyDescriptor(exported, keys[i])?.value;
    if (typeof value === "object") upgrade(value);
  }
  WeakMapPrototypeSet(upgraded, exported, true);
}

/** Has a memory of the engine's be one of ours. */
function upgrade(value) {
  if (isMemory(value) && ObjectGetPrototypeOf(value) === EngineMemory.prototype) from(value);
}

module.exports = { upgrade, upgradeExports };
