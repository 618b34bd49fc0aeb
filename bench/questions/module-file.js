"use strict";

const { moduleFileQuestion } = require("../support/module-file");

module.exports = moduleFileQuestion({
  title: "A module sums up 256 MiB of a file",
  explanation: "map(), against readFileSync() and set(); the file is in the system's cache.",
  unit: "ns",
  required: 3,
  parameters: { rounds: 9, warmups: 2 },
  quick: { rounds: 1, warmups: 1 },
  ask: ({ elapsed }, action) => elapsed(action),
});
