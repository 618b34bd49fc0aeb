"use strict";

const { Memory } = require("../..");
const { GIB, resizable, mapPeers } = require("../support/peers");
const { resident } = require("../support/resident");

const descriptor = { initial: 65_536 };

const memories = {
  "linear-memory": () => new Memory(descriptor),
  "WebAssembly.Memory": () => new WebAssembly.Memory(descriptor),
  "resizable ArrayBuffer": resizable && (() => resizable(4 * GIB)),
  "no memory at all": () => undefined,
};

module.exports = {
  title: "Resident with 4 GiB untouched",
  explanation: "Of a whole process, which holds one memory.",
  unit: "bytes",
  against: "WebAssembly.Memory",
  // The tolerance is how much a process without a memory varies.
  required: 0.97,
  wanted: "no more, within 3 %",
  parameters: { rounds: 7, warmups: 0 },
  quick: { rounds: 3 },
  peers: mapPeers(memories, (make) => ({ keep }) => {
    const memory = make();
    const bytes = resident();
    keep(memory);
    return bytes;
  }),
};
