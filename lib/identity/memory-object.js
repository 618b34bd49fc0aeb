"use strict";

// The objects that stand for memories: creates them, finds the one that a memory has, and moves one to
// another store. The class is defined in a layer above, and is set when that loads: see `setMemoryClass`.

const { isObject } = require("../webidl/convert");
const { createPlatformObject } = require("../webidl/platform-object");
const { prototypeIn, rememberPrototype } = require("../addon/realm");
const { EngineMemory, supports } = require("../engine/memory");
const cache = require("./object-cache");
const { isRegistered } = require("./registered");
const { Slot } = require("./slot");
const {
  ObjectGetPrototypeOf,
  ObjectSetPrototypeOf,
  ReflectSetPrototypeOf,
} = require("../built-ins/primordials");

/**
 * @import { Class } from "../webidl/interface"
 * @import { Store } from "../stores/store"
 */

/** @type {Class} */
let Memory;

/**
 * Sets the class of the objects that this module creates.
 *
 * @param {Class} Class
 */
function setMemoryClass(Class) {
  Memory = Class;
  rememberPrototype(Class.prototype);
}

/**
 * Returns the prototype of the memory that `new newTarget()` makes: `newTarget.prototype` or, if that is not an
 * object, the `Memory.prototype` of the realm of `newTarget`.
 *
 * @param {Function} newTarget
 * @returns {object}
 */
function prototypeFor(newTarget) {
  if (newTarget === Memory) return Memory.prototype;
  const { prototype } = newTarget;
  return isObject(prototype) ? prototype : prototypeIn(newTarget, Memory.prototype);
}

/**
 * Creates the object of a new memory.
 *
 * @param {Store} store
 * @param {object} [prototype]
 */
function createObject(store, prototype = Memory.prototype) {
  const { engineMemory, type } = store;
  if (!isRegistered() || engineMemory === undefined || !supports(type)) {
    return newObject(store, prototype);
  }
  // The engine's object is to be the memory itself: see registered.js.
  ObjectSetPrototypeOf(engineMemory, prototype);
  return upgrade(engineMemory, store);
}

/**
 * @param {Store} store
 * @param {object} prototype
 */
function newObject(store, prototype) {
  const memory = createPlatformObject(Memory);
  if (prototype !== Memory.prototype) ObjectSetPrototypeOf(memory, prototype);
  Slot.add(memory, store);
  return memory;
}

/**
 * Returns the one object that this thread has for the memory of a store; creates it if there is none.
 *
 * @param {Store} store
 */
function objectOf(store) {
  const { engineMemory, address } = store;
  const known = address === undefined ? undefined : cache.findAt(address);
  const isUpgraded = engineMemory !== undefined && setPrototype(engineMemory);
  if (known !== undefined) return known;
  if (isUpgraded) return upgrade(engineMemory, store);
  const memory = newObject(store, Memory.prototype);
  remember(memory, store);
  return memory;
}

/**
 * Returns the object that an engine memory has already, or undefined.
 *
 * @param {unknown} value
 */
function findObject(value) {
  const engineMemory = /** @type {WebAssembly.Memory} */ (value); // not found if it is anything else
  const known = isObject(value) ? cache.findEngineMemory(engineMemory) : undefined;
  if (known !== undefined) setPrototype(engineMemory);
  return known;
}

/**
 * Gives an engine memory our prototype, if our class stands in for the engine's. Returns whether it did. A memory
 * that is frozen, or that has another prototype than the engine's, keeps its own.
 *
 * @param {WebAssembly.Memory} memory
 */
function setPrototype(memory) {
  return (
    isRegistered() &&
    ObjectGetPrototypeOf(memory) === EngineMemory.prototype &&
    ReflectSetPrototypeOf(memory, Memory.prototype)
  );
}

/**
 * Makes an engine memory, which has our prototype, a `Memory` itself.
 *
 * @param {WebAssembly.Memory} memory
 * @param {Store} store
 */
function upgrade(memory, store) {
  Slot.add(memory, store);
  remember(memory, store);
  return memory;
}

/**
 * Moves a memory to a store, which may be the one that it is in. Returns that store.
 *
 * @param {object} memory
 * @param {Store} store
 */
function moveTo(memory, store) {
  if (Slot.isIn(memory)) Slot.set(memory, store);
  remember(memory, store);
  return store;
}

/**
 * Makes a `Memory` the object that this thread has for the memory of a store.
 *
 * @param {object} memory
 * @param {Store} store
 */
function remember(memory, store) {
  if (!Slot.isIn(memory)) return; // an engine memory, whose object `Memory.from()` has remembered
  cache.remember(store, memory);
}

module.exports = {
  setMemoryClass,
  prototypeFor,
  createObject,
  objectOf,
  findObject,
  moveTo,
  remember,
};
