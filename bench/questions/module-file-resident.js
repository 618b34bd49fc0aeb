"use strict";

const { moduleFileQuestion } = require("../support/module-file");
const { resident } = require("../support/resident");

module.exports = moduleFileQuestion({
  title: "Resident with 256 MiB of a file",
  explanation: "What the process has more, when they are summed up.",
  unit: "bytes",
  required: 1.94,
  wanted: "half, within 3 %",
  parameters: { rounds: 3, warmups: 0 },
  quick: { rounds: 1 },
  ask: ({ keep }, action) => {
    const before = resident();
    const memory = action();
    const after = resident();
    keep(memory);
    return after - before;
  },
});
