"use strict";

const { Memory } = require("../..");
const { PAGE, MIB, resizable, mapPeers } = require("./peers");

// After these passes, the code is compiled.
const WARMUPS = 5;

const descriptor = (bytes) => ({ initial: bytes / PAGE, maximum: bytes / PAGE });

const buffers = {
  "linear-memory": (bytes) => new Memory(descriptor(bytes)).buffer,
  "plain ArrayBuffer": (bytes) => new ArrayBuffer(bytes),
  "WebAssembly.Memory": (bytes) => new WebAssembly.Memory(descriptor(bytes)).buffer,
  "resizable ArrayBuffer": resizable,
};

/**
 * Makes a question about warm memory: how long an access takes in a pass over 32-bit words.
 *
 * @param question.pass (words, count) => a number; makes `count` accesses
 * @param question.accesses how many accesses a pass makes; by default one a word
 */
function accessQuestion({ pass, accesses, ...question }) {
  return {
    unit: "ns",
    against: "plain ArrayBuffer",
    required: 0.95,
    wanted: "the same, within 5 %",
    // Larger than the processor's caches.
    parameters: { rounds: 11, bytes: 64 * MIB, nanoseconds: 200e6, warmups: 0 },
    quick: { rounds: 2, bytes: 16 * MIB, nanoseconds: 20e6 },
    peers: mapPeers(buffers, (make) => async ({ perCall, keep }, { bytes }) => {
      const words = new Int32Array(make(bytes)).fill(1);
      const count = accesses ?? words.length;
      for (let i = 0; i < WARMUPS; i++) keep(pass(words, count));
      return (await perCall(() => keep(pass(words, count)))) / count;
    }),
    ...question,
  };
}

module.exports = { accessQuestion };
