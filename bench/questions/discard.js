"use strict";

const fs = require("node:fs");

const { Memory } = require("../..");
const { PAGE, MIB, mapPeers } = require("../support/peers");

const BYTES = 256 * MIB;

const figures = {
  "linear-memory": () => {
    const rollup = fs.readFileSync("/proc/self/smaps_rollup", "utf8");
    return Number(rollup.match(/^Rss:\s+(\d+) kB/m)[1]) * 1024;
  },
  "what usage() says": (memory) => memory.usage().resident,
};

module.exports = {
  title: "Resident memory that discard() frees",
  explanation: "Of a whole process, by discard() of 256 MiB that were written to.",
  unit: "bytes",
  more: true,
  against: "what usage() says",
  required: 0.99,
  wanted: "the same, within 1 %",
  // Compares this package with itself.
  charted: false,
  parameters: { rounds: 3 },
  quick: { rounds: 1 },
  peers: mapPeers(figures, (resident) => ({ keep, note }) => {
    const memory = new Memory({ initial: BYTES / PAGE });
    new Uint8Array(memory.buffer).fill(1);
    const before = resident(memory);
    const released = memory.discard(0, BYTES);
    const after = resident(memory);
    if (released !== BYTES) note(`discard() says ${released}`);
    keep(memory);
    return before - after;
  }),
};
