"use strict";

const { Memory } = require("../..");

// One memory read over and over would be a constant to the compiler.
const MEMORIES = 64;

const ours = Array.from({ length: MEMORIES }, () => new Memory({ initial: 1 }));
const engines = Array.from({ length: MEMORIES }, () => new WebAssembly.Memory({ initial: 1 }));
const objects = ours.map(({ buffer }) => ({ buffer }));

module.exports = {
  title: "Read memory.buffer",
  explanation: "Per read, of 64 memories in turn.",
  unit: "ns",
  against: "WebAssembly.Memory",
  required: 4,
  parameters: { rounds: 7, nanoseconds: 200e6 },
  quick: { rounds: 3, nanoseconds: 20e6, warmups: 0 },
  peers: {
    "linear-memory": ({ perCall, keep }) => {
      let i = 0;
      return perCall(() => keep(ours[i++ % MEMORIES].buffer));
    },
    "WebAssembly.Memory": ({ perCall, keep }) => {
      let i = 0;
      return perCall(() => keep(engines[i++ % MEMORIES].buffer));
    },
    "property of an object": ({ perCall, keep }) => {
      let i = 0;
      return perCall(() => keep(objects[i++ % MEMORIES].buffer));
    },
  },
};
