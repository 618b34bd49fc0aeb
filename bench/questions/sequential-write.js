"use strict";

const { accessQuestion } = require("../support/access");

module.exports = accessQuestion({
  title: "Write warm memory in sequence",
  explanation: "Per 32-bit word of 64 MiB (quick: 16).",
  pass: (words, count) => {
    for (let i = 0; i < count; i++) words[i] = i;
    return words[0];
  },
});
