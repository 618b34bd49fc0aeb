"use strict";

// Picks the store of a memory: of a new one, of an engine memory, and of one that another thread shares.

const { showPages } = require("../webidl/convert");
const engine = require("../engine/memory");
const { hasCode } = require("../built-ins/errors");
const { features } = require("../engine/features");
const { isRegistered } = require("../identity/registered");
const { ReservedStore } = require("./reserved");
const { RangeError, TypeError, platform } = require("../built-ins/primordials");
const { readToken } = require("../identity/share-token");

const SMALL_PAGES = { hugePages: false };
const HUGE_PAGES = { hugePages: true };

/** The store of a new memory. */
function createStore(type, options) {
  if (options.hugePages) return createHuge(type);
  if (type.shared) return createShared(type);
  if (isRegistered()) return createHosted(type);
  try {
    return new ReservedStore(type, SMALL_PAGES);
  } catch (error) {
    if (!hasCode(error, "ERR_LINEAR_MEMORY_NOT_SUPPORTED")) throw error;
    return hosted().create(type);
  }
}

/** The class, which programs with unshared memories alone never need. */
function hosted() {
  return (HostedStoreClass ??= require("./hosted").HostedStore);
}

let HostedStoreClass;

/** Hosted from the start, if the engine has memories of that type. */
function createHosted(type) {
  if (!engine.supports(type)) return new ReservedStore(type, SMALL_PAGES);
  try {
    return hosted().create(type);
  } catch (error) {
    if (type.address === "i32") throw error;
    return new ReservedStore(type, SMALL_PAGES);
  }
}

/** Only where the pages are ours and the system has huge ones. */
function createHuge(type) {
  if (type.shared) {
    throw new TypeError("Memory: hugePages: not of a shared memory, whose pages are the engine's");
  }
  if (!features.hugePages) {
    const reason = platform === "linux" ? " (transparent_hugepage is never)" : "";
    throw new TypeError(`Memory: hugePages: this system has none${reason}`);
  }
  return new ReservedStore(type, HUGE_PAGES);
}

/** Hosted where the engine can: modules and Atomics must use one address, which only it can give. */
function createShared(type) {
  try {
    return hosted().create(type);
  } catch (error) {
    if (type.address === "i32") throw error;
    if (features.externalSharedBuffers) {
      const { SharedReservedStore } = require("./shared-reserved");
      return SharedReservedStore.create(type);
    }
    const maximum = showPages(type.maximum, type.address);
    throw new RangeError(
      `Memory: maximum: the engine cannot host ${maximum} shared pages, and makes no shared buffers over pages of ours`,
      { cause: error },
    );
  }
}

function openReserved(token) {
  if (token.id === undefined) return undefined;
  const { SharedReservedStore } = require("./shared-reserved");
  return SharedReservedStore.open(token);
}

/** The store over a WebAssembly.Memory, or over what `toToken` returned; undefined for all else. */
function openStore(source) {
  const HostedStore = hosted();
  if (engine.isMemory(source)) return new HostedStore(source);
  const token = readToken(source);
  if (token === undefined) return undefined;
  const store = HostedStore.open(token) ?? openReserved(token);
  if (store === undefined || token.file === undefined) return store;
  const { FileStore } = require("./file-backed");
  return FileStore.open(store, token.file);
}

module.exports = { createStore, openStore, loadHosted: hosted };
