"use strict";

// Writes a known sequence to a file until it is killed, and says how far it has flushed: each word is
// its own index and a salt, in an order that jumps about, so that none can be right by chance.

const { Memory } = require("../..");

const [file] = process.argv.slice(2);
const memory = Memory.open(file, { mode: "r+", initial: 1, maximum: 256 });

for (let index = 0; ; index++) {
  if (index * 4 === memory.buffer.byteLength) {
    if (memory.grow(0) === 256) process.exit(0);
    memory.grow(1);
  }
  new Uint32Array(memory.buffer)[index] = (index + 1) ^ 0x5eed_0000;
  if (index % 997 === 0) {
    memory.flushSync();
    process.stdout.write(`${index}\n`);
  }
}
