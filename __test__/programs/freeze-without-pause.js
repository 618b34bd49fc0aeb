"use strict";

// Takes snapshots in a loop without pause, and keeps none; prints how many images there were at most,
// and how many after the garbage was collected.

const fs = require("node:fs");

const { Memory, features } = require("../..");
const { images, collect } = require("../support/kernel");

/** How many images there are. Where descriptors are few, one is kept to look at them. */
function countImages(spare) {
  fs.closeSync(spare.descriptor);
  const { length } = images();
  spare.descriptor = fs.openSync("/dev/null");
  return length;
}

function freeze() {
  const memory = new Memory({ initial: 2 });
  const spare = { descriptor: fs.openSync("/dev/null") };
  let most = 0;
  for (let round = 0; round < 3000; round++) {
    new Uint8Array(memory.buffer)[0] = round;
    const snapshot = memory.snapshot();
    if (round % 3 === 0) memory.restore(snapshot);
    if (round % 20 === 0) most = Math.max(most, countImages(spare));
  }
  return most;
}

async function main() {
  const most = freeze();
  await collect(() => images().length === 0);
  console.log(JSON.stringify({ handoff: features.handoff, most, left: images().length }));
}

main();
