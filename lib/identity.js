"use strict";

// One memory is one Memory object a thread, as in the JS API's "Memory object cache". Neither map
// keeps an object alive.

const byEngineMemory = new WeakMap();
const byAddress = new Map();

const forget = new FinalizationRegistry((address) => {
  // The address may be another memory's by now.
  if (byAddress.get(address)?.deref() === undefined) byAddress.delete(address);
});

/** The object of a WebAssembly.Memory that was seen before. */
function findEngineMemory(engineMemory) {
  return byEngineMemory.get(engineMemory);
}

function rememberEngineMemory(engineMemory, object) {
  byEngineMemory.set(engineMemory, object);
}

/** The object of a shared memory, whichever copy of it `store` is over. */
function findShared(store) {
  return byAddress.get(store.address)?.deref();
}

function rememberShared(store, object) {
  const { address } = store;
  // A memory that can never have a byte may have no address either.
  if (address === 0 || byAddress.get(address)?.deref() === object) return;
  byAddress.set(address, new WeakRef(object));
  forget.register(object, address);
}

/** From now on, the memory of that store has no object. */
function forgetStore(store) {
  if (store.memory !== undefined) byEngineMemory.delete(store.memory);
  if (store.isShared) byAddress.delete(store.address);
}

module.exports = {
  findEngineMemory,
  rememberEngineMemory,
  findShared,
  rememberShared,
  forgetStore,
};
