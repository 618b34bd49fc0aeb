"use strict";

const { Memory } = require("../..");

// The compiler would turn the buffer of a single memory into a constant.
const COUNT = 64;

const manyOf = (Class) => Array.from({ length: COUNT }, () => new Class({ initial: 1 }));

module.exports = {
  title: "Read memory.buffer",
  explanation: "Per read, of 64 memories in turn.",
  unit: "ns",
  against: "WebAssembly.Memory",
  required: 4,
  parameters: { rounds: 9, nanoseconds: 200e6, warmups: 0 },
  quick: { rounds: 2, nanoseconds: 20e6 },
  peers: {
    "linear-memory": reading(() => manyOf(Memory)),
    "WebAssembly.Memory": reading(() => manyOf(WebAssembly.Memory)),
    // The lower bound: reading a property.
    "property of an object": reading(() => manyOf(Memory).map(({ buffer }) => ({ buffer }))),
  },
};

function reading(make) {
  return ({ perCall, keep }) => {
    const memories = make();
    let i = 0;
    return perCall(() => keep(memories[i++ % COUNT].buffer));
  };
}
