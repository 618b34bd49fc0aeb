"use strict";

const { Memory } = require("../..");
const { EngineMemory } = require("../engine");
const { isRegistered } = require("../registered");
const { forEngine } = require("./imports");

/**
 * What stands in for the engine's: objects, keys and values. The engine's functions are wrapped in
 * proxies, so that all that can be asked of them is still theirs to answer.
 */
function* replacements() {
  yield [WebAssembly, "Memory", Memory];
  yield [EngineMemory.prototype, "constructor", Memory];
  yield [Memory, Symbol.hasInstance, isInstance];

  const Instance = constructorTakingMemory(WebAssembly.Instance);
  yield [WebAssembly, "Instance", Instance];
  yield [Instance.prototype, "constructor", Instance];

  for (const name of ["instantiate", "instantiateStreaming"]) {
    if (name in WebAssembly) yield [WebAssembly, name, functionTakingMemory(WebAssembly[name])];
  }
}

const ordinary = Function.prototype[Symbol.hasInstance];

/** The engine's own memories, which modules export, are instances of `Memory`; not of a subclass. */
const isInstance = {
  [Symbol.hasInstance](value) {
    const isOrdinary = Reflect.apply(ordinary, this, [value]);
    return isOrdinary || (this === Memory && Reflect.apply(ordinary, EngineMemory, [value]));
  },
}[Symbol.hasInstance];

function constructorTakingMemory(Original) {
  const Replacement = new Proxy(Original, {
    construct: (_, args, newTarget) =>
      Reflect.construct(
        Original,
        forInstantiation(args),
        newTarget === Replacement ? Original : newTarget,
      ),
  });
  return Replacement;
}

function functionTakingMemory(original) {
  return new Proxy(original, {
    apply: (_, receiver, args) => Reflect.apply(original, receiver, forInstantiation(args)),
  });
}

/** Arguments whose second is an import object. The engine's again after the undo, if still called. */
function forInstantiation(args) {
  if (!isRegistered() || args.length < 2) return args;
  const [source, imports, ...rest] = args;
  return [source, forEngine(imports), ...rest];
}

module.exports = { replacements };
