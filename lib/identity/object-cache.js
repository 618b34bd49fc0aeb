"use strict";

// One memory is one Memory object a thread, as in the JS API's "Memory object cache". Neither map
// keeps an object alive.

const {
  FinalizationRegistry,
  FinalizationRegistryPrototypeRegister,
  Map,
  MapPrototypeDelete,
  MapPrototypeGet,
  MapPrototypeSet,
  WeakMap,
  WeakMapPrototypeDelete,
  WeakMapPrototypeGet,
  WeakMapPrototypeSet,
  WeakRef,
  WeakRefPrototypeDeref,
} = require("../built-ins/primordials");

const byEngineMemory = new WeakMap();
const byAddress = new Map();

const forget = new FinalizationRegistry((address) => {
  // The address may be another memory's by now.
  if (findAt(address) === undefined) MapPrototypeDelete(byAddress, address);
});

function findAt(address) {
  const reference = MapPrototypeGet(byAddress, address);
  return reference === undefined ? undefined : WeakRefPrototypeDeref(reference);
}

/** The object of a WebAssembly.Memory that was seen before. */
function findEngineMemory(engineMemory) {
  return WeakMapPrototypeGet(byEngineMemory, engineMemory);
}

function rememberEngineMemory(engineMemory, object) {
  WeakMapPrototypeSet(byEngineMemory, engineMemory, object);
}

/** The object of a shared memory, whichever copy of it `store` is over. */
function findShared(store) {
  return findAt(store.address);
}

function rememberShared(store, object) {
  const { address } = store;
  // A memory that can never have a byte may have no address either.
  if (address === 0 || findAt(address) === object) return;
  MapPrototypeSet(byAddress, address, new WeakRef(object));
  FinalizationRegistryPrototypeRegister(forget, object, address);
}

/** From now on, the memory of that store has no object. */
function forgetStore(store) {
  const { engineMemory, address } = store;
  if (engineMemory !== undefined) WeakMapPrototypeDelete(byEngineMemory, engineMemory);
  if (address !== undefined) MapPrototypeDelete(byAddress, address);
}

module.exports = {
  findEngineMemory,
  rememberEngineMemory,
  findShared,
  rememberShared,
  forgetStore,
};
