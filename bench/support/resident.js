"use strict";

const fs = require("node:fs");

/** Returns the resident bytes of this process. */
function resident() {
  const rollup = fs.readFileSync("/proc/self/smaps_rollup", "utf8");
  return Number(rollup.match(/^Rss:\s+(\d+) kB/m)[1]) * 1024;
}

module.exports = { resident };
