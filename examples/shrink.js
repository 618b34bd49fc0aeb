"use strict";

// A WebAssembly module that needed 512 MiB once, and has given them back: its memory cannot get
// smaller, but pages that it no longer needs can go. The module knows nothing of that.

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const path = require("node:path");

const { Memory } = require("linear-memory");

const PAGE = 65_536;
const MIB = 2 ** 20;

const module_ = new WebAssembly.Module(readFileSync(path.join(__dirname, "shrink.wasm")));
const { ways, memory: exported } = new WebAssembly.Instance(module_).exports;
const memory = Memory.from(exported);
show("at first");

// The module's table has 64 bits for each amount up to this one: 512 MiB, behind its first page.
const amount = 2 ** 26 - 1;
const answer = ways(amount);
assert.equal(answer, ((BigInt(amount) + 4n) ** 2n + 10n) / 20n); // rounded
console.log(`${amount} can be paid in coins of 1, 2 and 5 in ${answer} ways`);
const before = show("with the table for that");

const released = memory.discard(PAGE, memory.buffer.byteLength - PAGE);
console.log(`discard() gave back ${inMib(released)}`);
const after = show("without the table");
assert.equal(before - after, released);
assert(after <= PAGE);

// The module runs on. Its first page is as it was; the others read zero, and are there again as soon
// as it writes to them.
assert.equal(new BigInt64Array(memory.buffer)[0], answer);
assert.equal(new BigInt64Array(memory.buffer, PAGE)[0], 0n);
console.log(`100 can be paid in ${ways(100)} ways`);
show("in the end");

/** Says what the process takes, and returns what the memory does, both as the kernel counts them. */
function show(when) {
  const { resident } = memory.usage();
  console.log(
    `${when}: ${inMib(process.memoryUsage.rss())} in memory, ` +
      `${inMib(resident)} of it for the module's ${inMib(memory.buffer.byteLength)}`,
  );
  return resident;
}

function inMib(bytes) {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
