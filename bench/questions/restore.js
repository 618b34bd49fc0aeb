"use strict";

const { goBackQuestion } = require("../support/image");

module.exports = goBackQuestion({
  title: "Restore 64 MiB, 1 % dirty",
  explanation: "restore() of a snapshot, after a byte was written to 164 pages of 4 KiB.",
  cycle: false,
  required: 40,
});
