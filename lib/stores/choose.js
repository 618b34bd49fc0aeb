"use strict";

// Picks the store of a new memory, of an engine memory, and of a memory that another thread shares.

const { showPages } = require("../webidl/convert");
const engine = require("../engine/memory");
const { features } = require("../engine/features");
const { isRegistered } = require("../identity/registered");
const { ReservedStore } = require("./reserved");
const { typeError, rangeError, hasCode } = require("../built-ins/errors");
const { platform } = require("../built-ins/primordials");

/**
 * @import { Token } from "../identity/share-token"
 * @import { NewMemoryType } from "../webidl/descriptor"
 * @import { Store } from "./store"
 */

const SMALL_PAGES = { hugePages: false };
const HUGE_PAGES = { hugePages: true };

/**
 * Creates the store of a new memory.
 *
 * @param {NewMemoryType} type
 * @param {{ hugePages: boolean }} options
 * @returns {Store}
 */
function createStore(type, options) {
  if (options.hugePages) return createHuge(type);
  if (type.shared) return createShared(type);
  if (isRegistered()) return createHosted(type);
  try {
    return new ReservedStore(type, SMALL_PAGES);
  } catch (error) {
    if (!hasCode(error, "ERR_LINEAR_MEMORY_NOT_SUPPORTED")) throw error;
    return loadHosted().create(type);
  }
}

/**
 * Loads and returns the class of hosted stores. Programs that have only unshared memories never need it.
 */
function loadHosted() {
  return (HostedStoreClass ??= require("./hosted").HostedStore);
}

/** @type {typeof import("./hosted").HostedStore | undefined} */
let HostedStoreClass;

/**
 * Creates a hosted store, if the engine has memories of that type.
 *
 * @param {NewMemoryType} type
 */
function createHosted(type) {
  if (!engine.supports(type)) return new ReservedStore(type, SMALL_PAGES);
  try {
    return loadHosted().create(type);
  } catch (error) {
    if (type.address === "i32") throw error;
    return new ReservedStore(type, SMALL_PAGES);
  }
}

/**
 * Creates a reserved store with huge pages. The system provides these only for pages that the addon reserves.
 *
 * @param {NewMemoryType} type
 */
function createHuge(type) {
  if (type.shared) {
    throw typeError(
      "ERR_LINEAR_MEMORY_NOT_SUPPORTED",
      "Memory: hugePages: not supported for shared memories",
    );
  }
  if (!features.hugePages) {
    const reason = platform === "linux" ? " (transparent_hugepage is never)" : "";
    throw typeError(
      "ERR_LINEAR_MEMORY_NOT_SUPPORTED",
      `Memory: hugePages: not supported by this system${reason}`,
    );
  }
  return new ReservedStore(type, HUGE_PAGES);
}

/**
 * Creates a hosted store if the engine can host the memory: modules and `Atomics` must use one address, which
 * only an engine memory can give.
 *
 * @param {NewMemoryType} type
 */
function createShared(type) {
  try {
    return loadHosted().create(type);
  } catch (error) {
    if (type.address === "i32") throw error;
    if (features.externalSharedBuffers) {
      const { SharedReservedStore } = require("./shared-reserved");
      return SharedReservedStore.create(type);
    }
    // A shared memory has a maximum.
    const maximum = showPages(/** @type {number} */ (type.maximum), type.address);
    throw rangeError(
      "ERR_LINEAR_MEMORY_ENGINE_LIMIT_EXCEEDED",
      `Memory: maximum: this engine cannot have ${maximum} shared pages (features.externalSharedBuffers is false)`,
      error,
    );
  }
}

/** @param {Token} token */
function openReserved(token) {
  if (token.id === undefined) return undefined;
  const { SharedReservedStore } = require("./shared-reserved");
  return SharedReservedStore.open(token);
}

/**
 * Returns the store of an engine memory, or of a token that `toToken()` returned; undefined for any other value.
 *
 * @param {unknown} source
 * @returns {Store | undefined}
 */
function openStore(source) {
  const HostedStore = loadHosted();
  if (engine.isMemory(source)) return new HostedStore(source);
  const { readToken } = require("../identity/share-token");
  const token = readToken(source);
  if (token === undefined) return undefined;
  const store = HostedStore.open(token) ?? openReserved(token);
  if (store === undefined || token.file === undefined) return store;
  const { FileBackedStore } = require("./file-backed");
  return FileBackedStore.open(store, token.file);
}

module.exports = { createStore, openStore, loadHosted };
