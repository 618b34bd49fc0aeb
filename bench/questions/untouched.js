"use strict";

const { Memory } = require("../..");
const { GIB, hasResizable } = require("../support/engine");

const BYTES = 4 * GIB;
const descriptor = { initial: 65_536 };

module.exports = {
  title: "Resident memory with 4 GiB untouched",
  explanation: "Of a process that holds one memory.",
  unit: "bytes",
  isolated: true,
  against: "WebAssembly.Memory",
  // What a process needs without any memory varies by as much.
  required: 0.97,
  wanted: "no more, within 3 %",
  parameters: { rounds: 5, warmups: 0 },
  quick: { rounds: 1 },
  peers: {
    "linear-memory": holding(() => new Memory(descriptor)),
    "WebAssembly.Memory": holding(() => new WebAssembly.Memory(descriptor)),
    "resizable ArrayBuffer": hasResizable
      ? holding(() => new ArrayBuffer(BYTES, { maxByteLength: BYTES }))
      : undefined,
    "no memory at all": holding(() => undefined),
  },
};

function holding(make) {
  return ({ resident, keep }) => {
    const held = make();
    const bytes = resident();
    keep(held);
    return bytes;
  };
}
