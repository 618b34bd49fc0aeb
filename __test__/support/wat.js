"use strict";

const wabt = require("wabt")();

/** The module of a WebAssembly text. */
async function compile(text) {
  const features = { threads: true, memory64: true, multi_memory: true };
  const module = (await wabt).parseWat("test.wat", text, features);
  try {
    module.resolveNames();
    return new WebAssembly.Module(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

module.exports = { compile };
