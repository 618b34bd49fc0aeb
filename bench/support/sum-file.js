"use strict";

const assert = require("node:assert/strict");

const { MadeFile } = require("./made-file");
const { PAGE, MIB, mapPeers } = require("./peers");

const BYTES = 256 * MIB;
const COUNT = BYTES / 8;

// The sum of 0 to COUNT - 1: an integer that a double represents exactly.
const SUM = (COUNT * (COUNT - 1)) / 2;

// Passes over a few numbers compile the sum. They are fractions: with zeros V8 would compile for small integers,
// and have to compile again.
const WARMUPS = 300;

/**
 * Makes a question about a cached file of 256 MiB: how long it takes to open it and to add up its doubles.
 *
 * @param question.read for each peer, (path) => the bytes of the file
 */
function sumFileQuestion({ read, ...question }) {
  return {
    explanation: "Opened, and its doubles summed up; the file is in the system's cache.",
    unit: "ns",
    parameters: { rounds: 9, warmups: 2 },
    quick: { rounds: 1, warmups: 1 },
    makeFile: () => MadeFile.ofNumbers(Float64Array, BYTES),
    peers: mapPeers(read, (open) => async ({ elapsed }, { path }) => {
      const few = new Float64Array(PAGE).fill(0.5);
      for (let i = 0; i < WARMUPS; i++) sumOf(few);
      let sum;
      const nanoseconds = await elapsed(() => {
        const { buffer, byteOffset } = open(path);
        sum = sumOf(new Float64Array(buffer, byteOffset, COUNT));
        return buffer;
      });
      assert.equal(sum, SUM);
      return nanoseconds;
    }),
    ...question,
  };
}

function sumOf(numbers) {
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += numbers[i];
  return sum;
}

module.exports = { sumFileQuestion, BYTES };
