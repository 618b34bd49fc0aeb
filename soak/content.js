"use strict";

// What a page holds: words that all follow from its seed, an odd number; or zeros, from the seed 0,
// which nobody has written. The modules of programs.js write and expect the same.

const PAGE = 65_536;
const WORDS = PAGE / 4;
const FACTOR = 0x2c92_77b5;

function fill(words, seed) {
  let word = seed;
  for (let at = 0; at < WORDS; at++) {
    words[at] = word;
    word = Math.imul(word, FACTOR);
  }
}

/** The number of the first word that does not follow from the seed, or -1. */
function findWrong(words, seed) {
  let word = seed;
  for (let at = 0; at < WORDS; at++) {
    if ((words[at] ^ word) !== 0) return at;
    word = Math.imul(word, FACTOR);
  }
  return -1;
}

module.exports = { PAGE, WORDS, FACTOR, fill, findWrong };
