"use strict";

const { spawnSync } = require("node:child_process");

module.exports = {
  title: "Load the package",
  explanation:
    'require("linear-memory") in a new process; a process that runs nothing is the peer.',
  unit: "ns",
  isolated: true,
  against: "all of Node.js, started and ended",
  // It says what loading adds, not that anything is faster.
  charted: false,
  parameters: { rounds: 7, warmups: 0 },
  quick: { rounds: 2 },
  peers: {
    "linear-memory": ({ elapsed }) => elapsed(() => require("../..")),
    "all of Node.js, started and ended": ({ elapsed }) =>
      elapsed(() => spawnSync(process.execPath, ["-e", "0"])),
  },
};
