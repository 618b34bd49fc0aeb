"use strict";

const fs = require("node:fs");

const { touchQuestion, BYTES } = require("../support/touch");

module.exports = touchQuestion({
  title: "Touch 256 MiB first, hugePages",
  explanation: "The same, ours with the option hugePages.",
  options: { hugePages: true },
  required: 4,
  // The option has no effect if the kernel has no transparent huge pages, or none are free.
  check({ note }) {
    const rollup = fs.readFileSync("/proc/self/smaps_rollup", "utf8");
    const kibibytes = Number(rollup.match(/^AnonHugePages:\s+(\d+) kB/m)?.[1] ?? 0);
    if (kibibytes * 1024 < BYTES / 2) note("the option had no effect");
  },
});
