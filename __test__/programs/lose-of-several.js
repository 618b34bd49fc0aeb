"use strict";

// Files over parts of each other in one memory, one of which is truncated: prints the next error.

const fs = require("node:fs");

const { Memory } = require("../..");

const PAGE = 65_536;
const [scenario, outer, inner] = process.argv.slice(2);
for (const file of [outer, inner]) fs.writeFileSync(file, Buffer.alloc(16 * PAGE, 1));

/** The inner file is over pages 4 to 8 of the outer one's 16, unless its bytes are put elsewhere. */
function lose(truncated, at, { offset = 4 * PAGE, length = 4 * PAGE, fileOffset = 0 } = {}) {
  const memory = new Memory({ initial: 16 });
  memory.map(0, outer);
  memory.map(offset, inner, { length, fileOffset });
  const bytes = new Uint8Array(memory.buffer);
  fs.truncateSync(truncated, 0);
  bytes[at] = 1;
  try {
    return { buffer: memory.buffer.byteLength };
  } catch ({ message }) {
    return { message };
  }
}

const scenarios = {
  inner: () => lose(inner, 5 * PAGE),
  outerBefore: () => lose(outer, PAGE),
  outerBehind: () => lose(outer, 9 * PAGE),
  /** Only copies of its bytes are there, in pages of the outer one. */
  copied: () => lose(inner, 5 * PAGE, { fileOffset: 1 }),
  underCopies: () => lose(outer, 5 * PAGE, { fileOffset: 1 }),
  underAll: () => lose(outer, 5 * PAGE, { offset: 0, length: 15 * PAGE, fileOffset: 1 }),
  /** Its last bytes are in a page of the outer one. */
  underLast: () => lose(outer, 8 * PAGE + 50, { length: 4 * PAGE + 100 }),
};

console.log(JSON.stringify(scenarios[scenario]()));
