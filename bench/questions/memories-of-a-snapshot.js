"use strict";

const fs = require("node:fs");

const { Memory } = require("../..");
const { BYTES, descriptor, filled, dirty } = require("../support/image");

/** Returns the resident bytes that are private to this process. */
function anonymous() {
  const rollup = fs.readFileSync("/proc/self/smaps_rollup", "utf8");
  return Number(rollup.match(/^Anonymous:\s+(\d+) kB/m)[1]) * 1024;
}

module.exports = {
  title: "A hundred memories of one image",
  explanation: "Resident with memories of 64 MiB, 1 % dirty each (quick: twenty).",
  unit: "bytes",
  against: "copies",
  required: 10,
  wanted: "a tenth or less",
  parameters: { rounds: 3, warmups: 0, count: 100 },
  quick: { rounds: 1, count: 20 },
  peers: {
    "linear-memory": ({ keep }, { count }) => {
      const source = new Memory(descriptor);
      filled(source.buffer);
      const snapshot = source.snapshot();
      source.close();
      const memories = Array.from({ length: count }, () => Memory.from(snapshot));
      for (const memory of memories) dirty(new Uint8Array(memory.buffer));
      // The image counts once: a process's figures include only pages of it that it has read.
      const figure = anonymous() + snapshot.byteLength;
      keep(memories);
      return figure;
    },
    copies: ({ keep }, { count }) => {
      const source = filled(new ArrayBuffer(BYTES));
      const memories = Array.from({ length: count }, () => new WebAssembly.Memory(descriptor));
      for (const memory of memories) {
        const bytes = new Uint8Array(memory.buffer);
        bytes.set(source);
        dirty(bytes);
      }
      const figure = anonymous();
      keep(memories);
      return figure;
    },
  },
};
