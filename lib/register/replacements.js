"use strict";

const { Memory } = require("../memory");
const { EngineMemory, hasResizable } = require("../engine/memory");
const {
  ObjectGetOwnPropertyDescriptor,
  Proxy,
  ReflectApply,
  ReflectConstruct,
  WebAssembly: engineNamespace,
} = require("../built-ins/primordials");
const { isRegistered } = require("../identity/registered");
const { upgradeExports } = require("./upgrade");
const { forEngine } = require("./imports");
const { Patch, PrototypePatch, Removal } = require("./patch");

/**
 * @import { Class } from "../webidl/interface"
 * @typedef {{ Instance: Class, [name: string]: unknown }} Namespace
 */

// It is defined: engine/memory.js, which has loaded, throws otherwise.
const WebAssembly = /** @type {Namespace} */ (/** @type {unknown} */ (engineNamespace));

/**
 * Returns functions that each put one patch in place, and return it. Functions of the engine are wrapped in
 * proxies, so that their names, lengths, prototypes and all the rest stay the engine's.
 */
function replacements() {
  const { Instance } = WebAssembly;
  const Replacement = wrapConstructor(Instance);
  return [
    () => new Patch(WebAssembly, "Memory", Memory),
    () => new Patch(EngineMemory.prototype, "constructor", Memory),
    // For memories that other threads post: nothing reports their arrival.
    () => new PrototypePatch(EngineMemory.prototype, Memory.prototype),
    () => new Patch(WebAssembly, "Instance", Replacement),
    () => new Patch(Instance.prototype, "constructor", Replacement),
    () => new Patch(Instance.prototype, "exports", exportsGetter(Instance.prototype), "get"),
    () => patchFunction("instantiate"),
    () => patchFunction("instantiateStreaming"),
    () => removeUnlessEngineHas("toFixedLengthBuffer"),
    () => removeUnlessEngineHas("toResizableBuffer"),
  ];
}

/** A patch that changes nothing. */
const NO_PATCH = { undo() {} };

/** @param {string} name */
function patchFunction(name) {
  const original = WebAssembly[name];
  if (typeof original !== "function") return NO_PATCH;
  return new Patch(WebAssembly, name, wrapFunction(original));
}

/**
 * Removes a member that the engine's class lacks: a program that looks for it must not find one that throws.
 *
 * @param {string} member
 */
function removeUnlessEngineHas(member) {
  return hasResizable ? NO_PATCH : new Removal(Memory.prototype, member);
}

/** @param {Class} Original */
function wrapConstructor(Original) {
  /** @type {Class} */
  const Replacement = new Proxy(Original, {
    __proto__: null,
    construct: (_, args, newTarget) =>
      ReflectConstruct(
        Original,
        convertImports(args),
        newTarget === Replacement ? Original : newTarget,
      ),
  });
  return Replacement;
}

/** @param {Function} original */
function wrapFunction(original) {
  return new Proxy(original, {
    __proto__: null,
    apply: (_, receiver, args) => ReflectApply(original, receiver, convertImports(args)),
  });
}

/**
 * Returns a getter of exports that upgrades memories. A program reaches exported memories only through it.
 *
 * @param {object} prototype
 */
function exportsGetter(prototype) {
  const { get: original } = /** @type {{ get: () => object }} */ (
    ObjectGetOwnPropertyDescriptor(prototype, "exports")
  );
  const { get } = /** @type {{ get: () => object }} */ (
    ObjectGetOwnPropertyDescriptor(
      {
        get exports() {
          const exported = ReflectApply(original, this, []);
          if (isRegistered()) upgradeExports(exported);
          return exported;
        },
      },
      "exports",
    )
  );
  return get;
}

/**
 * Converts the import object, which is the second argument. Does nothing after `register()` was undone.
 *
 * @param {unknown[]} args
 */
function convertImports(args) {
  if (isRegistered() && args.length >= 2) args[1] = forEngine(args[1]);
  return args;
}

module.exports = { replacements };
