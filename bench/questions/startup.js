"use strict";

const { spawnSync } = require("node:child_process");

const NODE = "Node.js, started and ended";

module.exports = {
  title: "Load the package",
  explanation:
    'require("linear-memory"), its files read before; beside a process that runs nothing.',
  unit: "ns",
  against: NODE,
  // It says what loading adds, not that anything is faster.
  charted: false,
  parameters: { rounds: 9, warmups: 0 },
  quick: { rounds: 2 },
  peers: {
    "linear-memory": ({ elapsed }) => elapsed(() => require("../..")),
    [NODE]: ({ elapsed }) => elapsed(() => spawnSync(process.execPath, ["-e", ""])),
  },
};
