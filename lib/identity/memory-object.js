"use strict";

// The objects that stand for memories: creates them, finds the one that a memory has, and moves one to
// another store. The class is defined above this module, which is told it: see `setMemoryClass`.

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

let Memory;

/** Sets the class of the objects that this module creates. */
function setMemoryClass(Class) {
  Memory = Class;
  rememberPrototype(Class.prototype);
}

/** Returns the prototype of what `new` makes. For a class without one, it is that of the class's realm. */
function prototypeFor(newTarget) {
  if (newTarget === Memory) return Memory.prototype;
  const { prototype } = newTarget;
  return isObject(prototype) ? prototype : prototypeIn(newTarget, Memory.prototype);
}

/** Creates the object of a new memory. */
function createObject(store, prototype = Memory.prototype) {
  const { engineMemory, type } = store;
  if (!isRegistered() || engineMemory === undefined || !supports(type)) {
    return newObject(store, prototype);
  }
  // The engine's object is to be the memory itself: see registered.js.
  ObjectSetPrototypeOf(engineMemory, prototype);
  return upgrade(engineMemory, store);
}

function newObject(store, prototype) {
  const memory = createPlatformObject(Memory);
  if (prototype !== Memory.prototype) ObjectSetPrototypeOf(memory, prototype);
  Slot.add(memory, store);
  return memory;
}

/** Returns the one object that this thread has for the memory of a store; creates it if there is none. */
function objectOf(store) {
  const known = store.isShared ? cache.findShared(store) : undefined;
  const hasPrototype = store.engineMemory !== undefined && setPrototype(store.engineMemory);
  if (known !== undefined) return known;
  if (hasPrototype) return upgrade(store.engineMemory, store);
  const memory = newObject(store, Memory.prototype);
  remember(memory, store);
  return memory;
}

/** Returns the object that an engine memory has already, or undefined. */
function findObject(value) {
  const known = isObject(value) ? cache.findEngineMemory(value) : undefined;
  if (known !== undefined) setPrototype(value);
  return known;
}

/**
 * Gives an engine memory our prototype, if our class stands in for the engine's. Returns whether it did:
 * not if the memory is frozen, of another realm, or of a class of the program's.
 */
function setPrototype(memory) {
  return (
    isRegistered() &&
    ObjectGetPrototypeOf(memory) === EngineMemory.prototype &&
    ReflectSetPrototypeOf(memory, Memory.prototype)
  );
}

/** Makes an engine memory, which has our prototype, a `Memory` itself. */
function upgrade(memory, store) {
  Slot.add(memory, store);
  remember(memory, store);
  return memory;
}

/** Moves a memory to a store, which may be the one that it is in. Returns that store. */
function moveTo(memory, store) {
  if (Slot.isIn(memory)) Slot.set(memory, store);
  remember(memory, store);
  return store;
}

function remember(memory, store) {
  if (!Slot.isIn(memory)) return; // an engine memory, whose object `Memory.from()` has remembered
  if (store.engineMemory !== undefined) cache.rememberEngineMemory(store.engineMemory, memory);
  if (store.isShared) cache.rememberShared(store, memory);
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
