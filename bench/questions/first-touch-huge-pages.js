"use strict";

const { touchQuestion, BYTES } = require("../support/touch");

module.exports = touchQuestion({
  title: "Touch 256 MiB first, hugePages",
  explanation: "As above; ours with the option hugePages.",
  options: { hugePages: true },
  required: 4,
  // The option changes nothing where the kernel has no transparent huge pages, or not enough free.
  check({ hugePages, note }) {
    if (hugePages() < BYTES / 2) note("hugePages had no effect");
  },
});
