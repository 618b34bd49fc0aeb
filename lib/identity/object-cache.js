"use strict";

// A memory has one `Memory` object in each thread, as the JS API's "Memory object cache" has it. Neither map
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

/**
 * What a memory is recognized by. An engine memory is one object. A shared memory can be in two stores of a
 * thread, or in two engine memories; the address of its first byte is the same in all of them.
 *
 * @typedef {object} Keys
 * @property {WebAssembly.Memory | undefined} engineMemory
 * @property {number | undefined} address Undefined for a memory that is not shared.
 */

/** @type {WeakMap<WebAssembly.Memory, object>} */
const byEngineMemory = new WeakMap();
/** @type {Map<number, WeakRef<object>>} */
const byAddress = new Map();

const addresses = new FinalizationRegistry((/** @type {number} */ address) => {
  // Another memory may have the address by now.
  if (findAt(address) === undefined) MapPrototypeDelete(byAddress, address);
});

/**
 * Returns the object of an engine memory, or undefined if this thread has none.
 *
 * @param {WebAssembly.Memory} engineMemory
 */
function findEngineMemory(engineMemory) {
  return WeakMapPrototypeGet(byEngineMemory, engineMemory);
}

/**
 * Returns the object of the shared memory at an address, or undefined if this thread has none.
 *
 * @param {number} address
 */
function findAt(address) {
  const reference = MapPrototypeGet(byAddress, address);
  return reference === undefined ? undefined : WeakRefPrototypeDeref(reference);
}

/**
 * Makes an object the one of a memory.
 *
 * @param {Keys} keys
 * @param {object} object
 */
function remember({ engineMemory, address }, object) {
  if (engineMemory !== undefined) WeakMapPrototypeSet(byEngineMemory, engineMemory, object);
  // A memory that can never have a byte may have no address either.
  if (address === undefined || address === 0 || findAt(address) === object) return;
  MapPrototypeSet(byAddress, address, new WeakRef(object));
  FinalizationRegistryPrototypeRegister(addresses, object, address);
}

/**
 * Forgets the object of a memory.
 *
 * @param {Keys} keys
 */
function forget({ engineMemory, address }) {
  if (engineMemory !== undefined) WeakMapPrototypeDelete(byEngineMemory, engineMemory);
  if (address !== undefined) MapPrototypeDelete(byAddress, address);
}

module.exports = { findEngineMemory, findAt, remember, forget };
