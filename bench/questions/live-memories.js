"use strict";

const { Memory } = require("../..");
const { PAGE, GIB, hasResizable } = require("../support/engine");

// Of 4 GiB each, an address space of 47 bits has room for no more, and Linux allows a process about
// as many: beyond them, an engine whose own mmap fails aborts.
const ENOUGH = 30_000;

module.exports = {
  title: "Live memories",
  explanation: `Held at once until a RangeError comes, a byte written to each; counted up to ${ENOUGH.toLocaleString("en")}.`,
  unit: "memories",
  more: true,
  isolated: true,
  against: "WebAssembly.Memory",
  required: { 20: 24_000 / 13_086, 22: 24_000 / 13_086, 24: 24_000 / 16_364, 26: 24_000 / 16_364 },
  parameters: { rounds: 1, warmups: 0 },
  peers: {
    "linear-memory": held(() => new Memory({ initial: 1 }).buffer),
    "WebAssembly.Memory": held(() => new WebAssembly.Memory({ initial: 1 }).buffer),
    "resizable ArrayBuffer": hasResizable
      ? held(() => new ArrayBuffer(PAGE, { maxByteLength: 4 * GIB }))
      : undefined,
  },
};

function held(make) {
  return () => {
    const buffers = [];
    try {
      while (buffers.length < ENOUGH) {
        const buffer = make();
        new Uint8Array(buffer)[0] = 1;
        buffers.push(buffer);
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    return buffers.length;
  };
}
