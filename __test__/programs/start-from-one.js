"use strict";

// Starts a hundred memories from one snapshot, and prints what memory they take before and after they
// are written to.

const { readFileSync } = require("node:fs");

const { Memory } = require("../..");

const PAGE = 65_536;
const PAGES = 1024;

/** What the process has for itself, or its part of what is shared: "proportional set size". */
function proportional() {
  const text = readFileSync("/proc/self/smaps_rollup", "utf8");
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)[1]) * 1024;
}

const seed = new Memory({ initial: PAGES });
new Uint8Array(seed.buffer).fill(7);
const snapshot = seed.snapshot();
seed.close();

const read = (memory) => {
  const bytes = new Uint8Array(memory.buffer);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 4096) sum += bytes[at];
  return sum;
};

const first = Memory.from(snapshot);
read(first);
const alone = proportional();
const others = Array.from({ length: 100 }, () => Memory.from(snapshot));
others.forEach(read);
const together = proportional();
for (const { buffer } of others) {
  const bytes = new Uint8Array(buffer);
  for (let page = 0; page < (PAGES * PAGE) / 4096; page += 100) bytes[page * 4096] = 9;
}
const written = proportional();
console.log(JSON.stringify({ alone, together, written }));
