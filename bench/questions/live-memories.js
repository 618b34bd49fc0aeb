"use strict";

const { Memory } = require("../..");
const { PAGE, GIB, resizable, mapPeers } = require("../support/peers");

// Linux limits a process to 65,530 mappings, and each of these memories takes two. An engine aborts if its own mmap
// fails, so the count stops earlier.
const ENOUGH = 30_000;

const WANTED = 24_000;

const buffers = {
  "linear-memory": () => new Memory({ initial: 1 }).buffer,
  "WebAssembly.Memory": () => new WebAssembly.Memory({ initial: 1 }).buffer,
  "resizable ArrayBuffer": resizable && (() => resizable(PAGE, 4 * GIB)),
};

module.exports = {
  title: "Memories alive at once",
  explanation: "Until a RangeError, a byte written to each; counted up to 30,000.",
  unit: "memories",
  more: true,
  against: "WebAssembly.Memory",
  requiredFigure: WANTED,
  parameters: { rounds: 3, warmups: 0 },
  quick: { rounds: 1 },
  peers: mapPeers(buffers, (make) => () => {
    const held = [];
    try {
      while (held.length < ENOUGH) {
        const buffer = make();
        new Uint8Array(buffer)[0] = 1;
        held.push(buffer);
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    return held.length;
  }),
};
