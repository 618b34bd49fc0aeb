"use strict";

const fs = require("node:fs");

/** Bytes of memory that this process has. */
function resident() {
  const rollup = fs.readFileSync("/proc/self/smaps_rollup", "utf8");
  return Number(rollup.match(/^Rss:\s+(\d+) kB/m)[1]) * 1024;
}

module.exports = { resident };
