"use strict";

const wabt = require("wabt")();

/** The binary of a WebAssembly text. */
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

/** The module of a WebAssembly text. */
async function compile(text) {
  return new WebAssembly.Module(await toBinary(text));
}

module.exports = { toBinary, compile };
