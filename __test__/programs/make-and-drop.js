"use strict";

// Makes memories and drops them, in 20 rounds with a turn of the event loop after each; prints how
// much more than before the process has then. In a process of its own, where nothing else maps.

const { Memory } = require("../..");
const { addressSpace, mappings, resident, turn, gc, collect } = require("../support/kernel");

const kinds = {
  empty() {
    for (let i = 0; i < 1000; i++) new Memory({ initial: 0 });
  },
  touched() {
    for (let i = 0; i < 1000; i++) new Uint8Array(new Memory({ initial: 1 }).buffer)[0] = 1;
  },
  grown() {
    for (let i = 0; i < 50; i++) {
      const memory = new Memory({ initial: 1 });
      for (let grown = 0; grown < 10; grown++) {
        memory.grow(1);
        new Uint8Array(memory.buffer).fill(1);
      }
    }
  },
  resizable() {
    for (let i = 0; i < 50; i++) {
      const memory = new Memory({ initial: 1, maximum: 16_384 });
      new Uint8Array(memory.buffer).fill(1);
      new Uint8Array(memory.toResizableBuffer()).fill(2);
    }
  },
  "fixed again"() {
    for (let i = 0; i < 50; i++) {
      const memory = new Memory({ initial: 1, maximum: 16_384 });
      new Uint8Array(memory.buffer).fill(1);
      memory.toResizableBuffer().resize(3 * 65_536);
      new Uint8Array(memory.toFixedLengthBuffer()).fill(2);
    }
  },
  "moved on"() {
    for (let i = 0; i < 20; i++) {
      const memory = new Memory({ initial: 1, maximum: 16_384 });
      memory.toResizableBuffer().resize(3 * 65_536);
      new Uint8Array(memory.toWebAssembly().buffer).fill(2);
    }
  },
  moved() {
    for (let i = 0; i < 20; i++) {
      const memory = new Memory({ initial: 1 });
      new Uint8Array(memory.buffer).fill(1);
      memory.toWebAssembly();
    }
  },
};

async function main() {
  const make = kinds[process.argv[2]];
  make();
  await collect();
  const before = { space: addressSpace(), mappings: mappings(), resident: resident() };
  for (let round = 0; round < 20; round++) {
    make();
    gc();
    await turn();
  }
  await collect(() => addressSpace() - before.space < 2 ** 30);
  console.log(
    JSON.stringify({
      space: addressSpace() - before.space,
      mappings: mappings() - before.mappings,
      resident: resident() - before.resident,
    }),
  );
}

main();
