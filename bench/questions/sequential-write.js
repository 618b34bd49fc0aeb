"use strict";

const { accessQuestion } = require("../support/access");

module.exports = accessQuestion({
  title: "Write warm memory in sequence",
  explanation: "Per 32-bit word of 64 MiB.",
  pass: (words) => {
    for (let i = 0; i < words.length; i++) words[i] = i;
    return words[0];
  },
});
