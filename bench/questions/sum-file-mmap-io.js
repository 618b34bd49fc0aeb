"use strict";

const fs = require("node:fs");

const { Memory } = require("../..");
const { loadMmapIo } = require("../support/mmap-io");
const { sumFileQuestion, BYTES } = require("../support/sum-file");

function mapWithMmapIo(path) {
  const { map, PROT_READ, MAP_PRIVATE } = loadMmapIo();
  const descriptor = fs.openSync(path);
  try {
    return map(BYTES, PROT_READ, MAP_PRIVATE, descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

module.exports = sumFileQuestion({
  title: "Sum up a mapped file of 256 MiB",
  against: "mmap-io",
  required: 0.95,
  wanted: "not slower, within 5 %",
  read: {
    "linear-memory": (path) => new Uint8Array(Memory.open(path).buffer),
    "mmap-io": loadMmapIo && mapWithMmapIo,
  },
});
