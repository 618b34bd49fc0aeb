"use strict";

const wabt = require("wabt")();

/** Assembles WebAssembly text into a binary. */
async function toBinary(text) {
  const features = { threads: true, memory64: true, multi_memory: true };
  const module = (await wabt).parseWat("test.wat", text, features);
  try {
    module.resolveNames();
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

/** Compiles WebAssembly text into a module. */
async function compile(text) {
  return new WebAssembly.Module(await toBinary(text));
}

module.exports = { toBinary, compile };
