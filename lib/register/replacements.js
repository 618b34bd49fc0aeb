"use strict";

const { Memory } = require("../memory");
const { EngineMemory, hasResizable } = require("../engine/memory");
const { ObjectGetOwnPropertyDescriptor, Proxy } = require("../built-ins/primordials");
const { ReflectApply, ReflectConstruct, WebAssembly } = require("../built-ins/primordials");
const { isRegistered } = require("../identity/registered");
const { adoptExports } = require("./adopt");
const { forEngine } = require("./imports");
const { Patch, PrototypePatch, Removal } = require("./patch");

/**
 * What stands in for the engine's: functions that put it in place. The engine's functions are wrapped in
 * proxies, so that all that can be asked of them is still theirs to answer.
 */
function replacements() {
  const { Instance } = WebAssembly;
  const Replacement = constructorTakingMemory(Instance);
  return [
    () => new Patch(WebAssembly, "Memory", Memory),
    () => new Patch(EngineMemory.prototype, "constructor", Memory),
    // For memories that nobody has told us of: those that other threads post.
    () => new PrototypePatch(EngineMemory.prototype, Memory.prototype),
    () => new Patch(WebAssembly, "Instance", Replacement),
    () => new Patch(Instance.prototype, "constructor", Replacement),
    () => new Patch(Instance.prototype, "exports", exportsOf(Instance.prototype), "get"),
    () => patchFunction("instantiate"),
    () => patchFunction("instantiateStreaming"),
    () => removeUnlessEngineHas("toFixedLengthBuffer"),
    () => removeUnlessEngineHas("toResizableBuffer"),
  ];
}

/** What is not there to be taken back. */
const nothing = { takeBack() {} };

function patchFunction(name) {
  const original = WebAssembly[name];
  if (typeof original !== "function") return nothing;
  return new Patch(WebAssembly, name, functionTakingMemory(original));
}

/** A program that looks for what only some engines have must not find what would throw. */
function removeUnlessEngineHas(member) {
  return hasResizable ? nothing : new Removal(Memory.prototype, member);
}

function constructorTakingMemory(Original) {
  const Replacement = new Proxy(Original, {
    __proto__: null,
    construct: (_, args, newTarget) =>
      ReflectConstruct(
        Original,
        forInstantiation(args),
        newTarget === Replacement ? Original : newTarget,
      ),
  });
  return Replacement;
}

function functionTakingMemory(original) {
  return new Proxy(original, {
    __proto__: null,
    apply: (_, receiver, args) => ReflectApply(original, receiver, forInstantiation(args)),
  });
}

/** The getter of an instance's exports: only by it does a program get at a memory that is exported. */
function exportsOf(prototype) {
  const { get: original } = ObjectGetOwnPropertyDescriptor(prototype, "exports");
  const { get } = ObjectGetOwnPropertyDescriptor(
    {
      get exports() {
        const exported = ReflectApply(original, this, []);
        if (isRegistered()) adoptExports(exported);
        return exported;
      },
    },
    "exports",
  );
  return get;
}

/** Arguments whose second is an import object. The engine's again after the undo, if still called. */
function forInstantiation(args) {
  if (isRegistered() && args.length >= 2) args[1] = forEngine(args[1]);
  return args;
}

module.exports = { replacements };
