"use strict";

const { growQuestion } = require("../support/grow");

module.exports = growQuestion({
  title: "Grow a shared memory by a page",
  explanation: "Per grow(1), from 1 page to 2,000, reading buffer after each.",
  shared: true,
});
