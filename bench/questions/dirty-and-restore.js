"use strict";

const { goBackQuestion } = require("../support/image");

module.exports = goBackQuestion({
  title: "Dirty 1 % of 64 MiB, and restore it",
  explanation: "The same, writing to the pages included.",
  cycle: true,
  required: 8,
});
