"use strict";

const fs = require("node:fs");

const { Memory } = require("../..");
const { sumFileQuestion } = require("../support/sum-file");

module.exports = sumFileQuestion({
  title: "Sum up a file of 256 MiB",
  against: "fs.readFileSync",
  required: 2,
  read: {
    "linear-memory": (path) => new Uint8Array(Memory.open(path).buffer),
    "fs.readFileSync": (path) => fs.readFileSync(path),
  },
});
