"use strict";

// The content of a page: words that all follow from its seed, an odd number. The seed 0 stands for the zeros
// of a page that was never written to. The modules of programs.js write and expect the same content.

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

/** Returns the index of the first word that does not follow from the seed, or -1. */
function findMismatch(words, seed) {
  let word = seed;
  for (let at = 0; at < WORDS; at++) {
    if ((words[at] ^ word) !== 0) return at;
    word = Math.imul(word, FACTOR);
  }
  return -1;
}

module.exports = { PAGE, WORDS, FACTOR, fill, findMismatch };
