"use strict";

const { accessQuestion } = require("../support/access");

module.exports = accessQuestion({
  title: "Write warm memory at random",
  explanation: "Per 32-bit word of 64 MiB (quick: 16).",
  accesses: 2 ** 20,
  pass: (words, count) => {
    const mask = words.length - 1;
    let at = 1;
    for (let i = 0; i < count; i++) {
      at = (Math.imul(at, 1_664_525) + 1_013_904_223) | 0;
      words[(at >>> 8) & mask] = i;
    }
    return words[0];
  },
});
