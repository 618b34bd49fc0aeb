"use strict";

const fs = require("node:fs");

const { Memory } = require("../..");
const { MadeFile } = require("../support/made-file");
const { GIB, mapPeers } = require("../support/peers");

const BYTES = GIB;

const readers = {
  "linear-memory": (path) => new Uint8Array(Memory.open(path).buffer)[BYTES / 2],
  "fs.readFileSync": (path) => fs.readFileSync(path)[BYTES / 2],
};

module.exports = {
  title: "Read a byte of a file of 1 GiB",
  explanation: "Opened for it; the file is in the system's cache.",
  unit: "ns",
  against: "fs.readFileSync",
  required: 1_000,
  // As in support/grow.js, the code is compiled by then.
  parameters: { rounds: 5, warmups: 4 },
  quick: { rounds: 1, warmups: 2 },
  makeFile: () => MadeFile.ofZeros(BYTES),
  peers: mapPeers(
    readers,
    (read) =>
      ({ elapsed }, { path }) =>
        elapsed(() => read(path)),
  ),
};
