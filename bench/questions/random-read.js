"use strict";

const { accessQuestion } = require("../support/access");

module.exports = accessQuestion({
  title: "Read warm memory at random",
  explanation: "Per 32-bit word of 64 MiB (quick: 16).",
  accesses: 2 ** 20,
  pass: (words, count) => {
    const mask = words.length - 1;
    let sum = 0;
    let at = 1;
    for (let i = 0; i < count; i++) {
      at = (Math.imul(at, 1_664_525) + 1_013_904_223) | 0;
      sum = (sum + words[(at >>> 8) & mask]) | 0;
    }
    return sum;
  },
});
