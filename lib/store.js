"use strict";

// Where a memory's pages live: in a reservation of ours, or in a WebAssembly.Memory of the
// engine's. Nothing outside the stores asks which. A store has
//   type      as `readDescriptor` returns it
//   isShared  the same as `type.shared`, without asking the engine
//   size      in pages
//   buffer    the same object until the memory grows
//   grow(delta)  the pages before; throws a RangeError
//   toHosted()   the store over the WebAssembly.Memory of the same bytes; throws a TypeError
// and if it is shared
//   address   of its first byte, the same in all threads
//   toToken() what `share()` returns, and `open()` takes in another thread

const { showPages } = require("./convert");
const engine = require("./engine");
const { isRefusal } = require("./errors");
const { features } = require("./features");
const { HostedStore } = require("./hosted-store");
const { ReservedStore } = require("./reserved-store");
const { SharedReservedStore } = require("./shared-reserved-store");
const { readToken } = require("./token");

/** The store of a new memory. */
function createStore(type, options) {
  if (options.hugePages) return createHuge(type);
  if (type.shared) return createShared(type);
  try {
    return new ReservedStore(type);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return HostedStore.create(type);
  }
}

/** Only where the pages are ours and the system has huge ones. */
function createHuge(type) {
  if (type.shared) {
    throw new TypeError("Memory: hugePages: not of a shared memory, whose pages are the engine's");
  }
  if (!features.hugePages) {
    throw new TypeError("Memory: hugePages: this system has none (transparent_hugepage is never)");
  }
  return new ReservedStore(type, { hugePages: true });
}

/** Hosted where the engine can: modules and Atomics must use one address, which only it can give. */
function createShared(type) {
  try {
    return HostedStore.create(type);
  } catch (error) {
    if (type.address === "i32") throw error;
    if (features.externalSharedBuffers) return SharedReservedStore.create(type);
    const maximum = showPages(type.maximum, type.address);
    throw new RangeError(
      `Memory: maximum: the engine cannot host ${maximum} shared pages, and makes no shared buffers over pages of ours`,
      { cause: error },
    );
  }
}

/** The store over a WebAssembly.Memory, or over what `toToken` returned; undefined for all else. */
function openStore(source) {
  if (engine.isMemory(source)) return new HostedStore(source);
  const token = readToken(source);
  return token && (HostedStore.open(token) ?? SharedReservedStore.open(token));
}

module.exports = { createStore, openStore };
