"use strict";

// Loaded before a program that knows nothing of this package: puts our class in the place of the
// engine's, where glue code makes memories, imports them into modules and posts them to workers.

const { Worker, MessagePort } = require("node:worker_threads");

const { Memory } = require("../../..");

const { Memory: EngineMemory, Module, Instance, instantiate } = WebAssembly;

/** Born in the engine, since glue code takes views before it imports the memory, and keeps them. */
WebAssembly.Memory = class extends Memory {
  constructor(descriptor) {
    super(descriptor);
    this.toWebAssembly();
  }

  static [Symbol.hasInstance](value) {
    return value instanceof Memory || value instanceof EngineMemory;
  }
};

WebAssembly.Instance = new Proxy(Instance, {
  construct: (target, [module, imports]) => new target(module, toEngineImports(module, imports)),
});

WebAssembly.instantiate = async (source, imports) => {
  if (source instanceof Module) return instantiate(source, toEngineImports(source, imports));
  const module = await WebAssembly.compile(source);
  return { module, instance: await instantiate(module, toEngineImports(module, imports)) };
};

/** What a module imports, read one by one: some glue's import object is a Proxy that makes them. */
function toEngineImports(module, object) {
  const imports = {};
  for (const { module: namespace, name } of Module.imports(module)) {
    imports[namespace] ??= {};
    imports[namespace][name] = toEngine(object[namespace][name]);
  }
  return imports;
}

for (const { prototype } of [Worker, MessagePort]) {
  const { postMessage } = prototype;
  prototype.postMessage = function (message, transfer) {
    return Reflect.apply(postMessage, this, [toEngineMessage(message), transfer]);
  };
}

/** The message with memories of the engine's in the place of ours. */
function toEngineMessage(message) {
  if (message === null || typeof message !== "object") return message;
  if (Object.getPrototypeOf(message) !== Object.prototype) return toEngine(message);
  return Object.fromEntries(
    Object.entries(message).map(([key, value]) => [key, toEngineMessage(value)]),
  );
}

function toEngine(value) {
  return value instanceof Memory ? value.toWebAssembly() : value;
}
