"use strict";

const { Memory } = require("../memory");
const { EngineMemory, hasResizable } = require("../engine/memory");
const { ObjectGetOwnPropertyDescriptor, Proxy } = require("../built-ins/primordials");
const { ReflectApply, ReflectConstruct, WebAssembly } = require("../built-ins/primordials");
const { isRegistered } = require("../identity/registered");
const { upgradeExports } = require("./upgrade");
const { forEngine } = require("./imports");
const { Patch, PrototypePatch, Removal } = require("./patch");

/**
 * What stands in for the engine's: functions that put it in place. The engine's functions are wrapped in
 * proxies, so that all that can be asked of them is still theirs to answer.
 */
function replacements() {
  const { Instance } = WebAssembly;
  const Replacement = wrapConstructor(Instance);
  return [
    () => new Patch(WebAssembly, "Memory", Memory),
    () => new Patch(EngineMemory.prototype, "constructor", Memory),
    // For memories that nobody has told us of: those that other threads post.
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

/** What is not there to be taken back. */
const NO_PATCH = { undo() {} };

function patchFunction(name) {
  const original = WebAssembly[name];
  if (typeof original !== "function") return NO_PATCH;
  return new Patch(WebAssembly, name, wrapFunction(original));
}

/** A program that looks for what only some engines have must not find what would throw. */
function removeUnlessEngineHas(member) {
  return hasResizable ? NO_PATCH : new Removal(Memory.prototype, member);
}

function wrapConstructor(Original) {
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

function wrapFunction(original) {
  return new Proxy(original, {
    __proto__: null,
    apply: (_, receiver, args) => ReflectApply(original, receiver, convertImports(args)),
  });
}

/** The getter of an instance's exports: only by it does a program get at a memory that is exported. */
function exportsGetter(prototype) {
  const { get: original } = ObjectGetOwnPropertyDescriptor(prototype, "exports");
  const { get } = ObjectGetOwnPropertyDescriptor(
    {
      get exports() {
        const exported = ReflectApply(original, this, []);
        if (isRegistered()) upgradeExports(exported);
        return exported;
      },
    },
    "exports",
  );
  return get;
}

/** Arguments whose second is an import object. The engine's again after the undo, if still called. */
function convertImports(args) {
  if (isRegistered() && args.length >= 2) args[1] = forEngine(args[1]);
  return args;
}

module.exports = { replacements };
