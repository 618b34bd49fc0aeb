"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");

const { Memory } = require("../..");
const { MadeFile } = require("./made-file");
const { PAGE, MIB, mapPeers } = require("./peers");

const BYTES = 256 * MIB;
const COUNT = BYTES / 4;

// The sum of 0 to COUNT - 1 in 32 bits.
const SUM = -33_554_432;

const descriptor = { initial: BYTES / PAGE, maximum: BYTES / PAGE };

const readers = {
  "linear-memory": {
    make: () => new Memory(descriptor),
    memoryOf: (memory) => memory.toWebAssembly(),
    read: (memory, file) => memory.map(0, file),
  },
  "read and set()": {
    make: () => new WebAssembly.Memory(descriptor),
    memoryOf: (memory) => memory,
    read: ({ buffer }, file) => new Uint8Array(buffer).set(fs.readFileSync(file)),
  },
  "read into it": {
    make: () => new WebAssembly.Memory(descriptor),
    memoryOf: (memory) => memory,
    read: ({ buffer }, file) => {
      const from = fs.openSync(file);
      const bytes = new Uint8Array(buffer);
      for (let at = 0, read; at < BYTES; at += read)
        read = fs.readSync(from, bytes, { offset: at });
      fs.closeSync(from);
    },
  },
};

/**
 * Makes a question about a cached file of 256 MiB, whose 32-bit words a module adds up.
 *
 * @param question.ask (tools, action) => the figure of `action`, which gets the file into the memory of an
 *   existing module and makes the module add it up
 */
function moduleFileQuestion({ ask, ...question }) {
  const binary = path.join(__dirname, "../../examples/accumulate.wasm");
  return {
    against: "read and set()",
    makeFile: () => MadeFile.ofNumbers(Int32Array, BYTES),
    peers: mapPeers(readers, ({ make, memoryOf, read }) => async (tools, { path: file }) => {
      const memory = make();
      const module = new WebAssembly.Module(fs.readFileSync(binary));
      const { exports } = new WebAssembly.Instance(module, { js: { mem: memoryOf(memory) } });
      let sum;
      const figure = await ask(tools, () => {
        read(memory, file);
        sum = exports.accumulate(0, COUNT);
        return memory;
      });
      assert.equal(sum, SUM);
      return figure;
    }),
    ...question,
  };
}

module.exports = { moduleFileQuestion };
