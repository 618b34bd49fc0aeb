"use strict";

const assert = require("node:assert/strict");

const { MadeFile } = require("./made-file");
const { PAGE, MIB, mapPeers } = require("./peers");

const BYTES = 256 * MIB;
const COUNT = BYTES / 8;

// Of 0 to COUNT - 1: an integer, so that a double has it exactly.
const SUM = (COUNT * (COUNT - 1)) / 2;

// Passes over little, by which the sum is compiled: for fractions, since from zeros alone V8 expects
// small integers, and has to compile it again.
const WARMUPS = 300;

/**
 * A question about a file of 256 MiB in the system's cache: how long it takes to open it, and to sum
 * up its doubles.
 *
 * @param question.read of each peer: a path to its bytes
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
