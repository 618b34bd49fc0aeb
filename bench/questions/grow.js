"use strict";

const { growQuestion } = require("../support/grow");

module.exports = growQuestion({
  title: "Grow by a page, in a loop",
  explanation: "Per grow(1), from 1 page to 2,000, reading buffer after each; the fifth time.",
  required: { 20: 100, 22: 50, 24: 20, 26: 1.3 },
});
