"use strict";

// Makes 100,000 memories, each touched, in a loop that never gets to the event loop; then again after
// one turn of it.

const { Memory, features } = require("../..");
const { mappings, turn, gc } = require("../support/kernel");

const COUNT = 100_000;

function make() {
  let most = 0;
  for (let made = 0; made < COUNT; made++) {
    try {
      new Uint8Array(new Memory({ initial: 1 }).buffer)[0] = 1;
    } catch ({ name, message }) {
      return { made, most, error: { name, message } };
    }
    if (made % 1000 === 0) most = Math.max(most, mappings());
  }
  return { made: COUNT, most };
}

async function main() {
  const before = mappings();
  const first = make();
  await turn();
  const again = new Memory({ initial: 1 }).buffer.byteLength;
  for (let round = 0; round < 5; round++) {
    gc();
    await turn();
  }
  const left = mappings() - before;
  console.log(JSON.stringify({ handoff: features.handoff, ...first, again, left }));
}

main();
