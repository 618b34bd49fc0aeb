"use strict";

// Opens a memory by a descriptor that was inherited, grows it page by page and marks each page that it was
// given. Prints which those were.

const { Memory } = require("../..");

const PAGE = 65_536;
const [descriptor, times, mark] = process.argv.slice(2).map(Number);

const memory = Memory.open(descriptor, { mode: "r+", maximum: 4_000, shared: true });
process.stdin.once("data", () => {
  const pages = [];
  for (let round = 0; round < times; round++) {
    const page = memory.grow(1);
    Atomics.store(new Int32Array(memory.buffer), (page * PAGE) / 4, mark);
    pages.push(page);
  }
  console.log(JSON.stringify(pages));
  process.exit();
});
console.log("ready");
