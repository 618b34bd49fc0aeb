"use strict";

// Discards every other page of a memory that has a snapshot under it, each of which takes two
// mappings more, until that is refused; prints how far it came.

const fs = require("node:fs");

const { Memory } = require("../..");
const { mappings } = require("../support/kernel");

const PAGE = 65_536;
const PAGES = 65_536;

const memory = new Memory({ initial: PAGES, maximum: PAGES });
const bytes = new DataView(memory.buffer);
// So close that the snapshot has no holes worth a mapping.
for (let page = 0; page < PAGES; page += 8) bytes.setUint8(page * PAGE, 7);
const snapshot = memory.snapshot();
memory.restore(snapshot);

let page = 0;
let error;
try {
  for (; page < PAGES; page += 2) memory.discard(page * PAGE, PAGE);
} catch (thrown) {
  error = `${thrown.name}: ${thrown.message}`;
}

const found = (page) => bytes.getUint8(page * PAGE);
const next = Math.ceil(page / 8) * 8;
const result = {
  discarded: page / 2,
  error,
  mappings: mappings(),
  limit: Number(fs.readFileSync("/proc/sys/vm/max_map_count", "utf8")),
  kept: found(0) === 0 && found(next) === 7,
};
memory.discard(0, PAGES * PAGE);
result.again = found(next) === 0 && mappings() < 1000;
console.log(JSON.stringify(result));
