"use strict";

const { DISTANCE, goBackQuestion } = require("../support/image");

module.exports = goBackQuestion({
  title: "Dirty another 1 %, and restore it",
  explanation: "The same, other pages each time.",
  cycle: true,
  firstPage: (time) => time % DISTANCE,
  required: 8,
});
