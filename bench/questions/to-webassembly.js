"use strict";

const { Memory } = require("../..");
const { PAGE, MIB } = require("../support/peers");

const BYTES = 64 * MIB;
const descriptor = { initial: BYTES / PAGE, maximum: BYTES / PAGE };

module.exports = {
  title: "Give 64 MiB to a WebAssembly.Memory",
  explanation: "toWebAssembly(), against a new one and set(); all pages were written to before.",
  unit: "ns",
  against: "new and set()",
  required: 10,
  // As in support/grow.js, the code is compiled by then.
  parameters: { rounds: 11, warmups: 4 },
  quick: { rounds: 3 },
  peers: {
    "linear-memory": ({ elapsed }) => {
      const memory = new Memory(descriptor);
      new Uint8Array(memory.buffer).fill(1);
      return elapsed(() => memory.toWebAssembly());
    },
    "new and set()": ({ elapsed }) => {
      const source = new Uint8Array(BYTES).fill(1);
      const copy = () => {
        const memory = new WebAssembly.Memory(descriptor);
        new Uint8Array(memory.buffer).set(source);
        return memory;
      };
      return elapsed(copy);
    },
  },
};
