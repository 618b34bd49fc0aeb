"use strict";

// Discards 256 of a memory's 320 MiB; prints what the process and the memory had before and after.

const { Memory } = require("../..");
const { resident } = require("../support/kernel");

const MIB = 2 ** 20;
const PAGES = (320 * MIB) / 65_536;

const kind = process.argv[2];
const memory = new Memory({ initial: PAGES, maximum: PAGES, shared: kind === "shared" });
if (kind === "moved") memory.toWebAssembly();
new Uint8Array(memory.buffer).fill(1);

const read = () => [resident(), memory.usage().resident];
const [before, usageBefore] = read();
const released = memory.discard(32 * MIB, 256 * MIB);
const [after, usageAfter] = read();

console.log(
  JSON.stringify({ before, after, released, usage: { before: usageBefore, after: usageAfter } }),
);
