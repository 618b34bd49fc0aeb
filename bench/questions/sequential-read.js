"use strict";

const { accessQuestion } = require("../support/access");

module.exports = accessQuestion({
  title: "Read warm memory in sequence",
  explanation: "Per 32-bit word of 64 MiB (quick: 16).",
  pass: (words, count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum = (sum + words[i]) | 0;
    return sum;
  },
});
