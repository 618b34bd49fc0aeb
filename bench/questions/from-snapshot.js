"use strict";

const { Memory } = require("../..");
const { BYTES, descriptor, filled } = require("../support/image");
const { median } = require("../support/median");
const { mapPeers } = require("../support/peers");

const sources = {
  "linear-memory": () => {
    const memory = new Memory(descriptor);
    filled(memory.buffer);
    const snapshot = memory.snapshot();
    return () => Memory.from(snapshot);
  },
  "new and set()": () => {
    const source = filled(new ArrayBuffer(BYTES));
    return () => {
      const memory = new WebAssembly.Memory(descriptor);
      new Uint8Array(memory.buffer).set(source);
      return memory;
    };
  },
};

module.exports = {
  title: "Start from an image of 64 MiB",
  explanation: "Memory.from(snapshot), and a byte written to one page.",
  unit: "ns",
  against: "new and set()",
  required: 50,
  parameters: { rounds: 9, warmups: 0, times: 10 },
  quick: { rounds: 2, times: 3 },
  peers: mapPeers(sources, (load) => async ({ elapsed, keep, settle }, { times }) => {
    const make = load();
    const touch = () => {
      const memory = make();
      new Uint8Array(memory.buffer)[0] = 2;
      return memory;
    };
    const figures = [];
    // The first call can include compilation, or the first use of physical pages.
    for (let i = 0; i <= times; i++) {
      keep(undefined);
      await settle();
      figures.push(await elapsed(touch));
    }
    return median(figures.slice(1));
  }),
};
