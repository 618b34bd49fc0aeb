"use strict";

// Releases 512 MiB that a WebAssembly module no longer needs: its memory cannot shrink, but discard() returns
// the pages to the system. The module does not notice.

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const path = require("node:path");

const { Memory } = require("linear-memory");

const PAGE = 65_536;
const MIB = 2 ** 20;

const module_ = new WebAssembly.Module(readFileSync(path.join(__dirname, "shrink.wasm")));
const { ways, memory: exported } = new WebAssembly.Instance(module_).exports;
const memory = Memory.from(exported);
show("at the start");

// The module's table has 64 bits for each amount up to this one: 512 MiB, after its first page.
const amount = 2 ** 26 - 1;
const answer = ways(amount);
assert.equal(answer, ((BigInt(amount) + 4n) ** 2n + 10n) / 20n); // rounded
console.log(`${amount} can be paid in coins of 1, 2 and 5 in ${answer} ways`);
const before = show("with the table of that");

const released = memory.discard(PAGE, memory.buffer.byteLength - PAGE);
console.log(`discard() released ${inMib(released)}`);
const after = show("without the table");
assert.equal(before - after, released);
assert(after <= PAGE);

// The module keeps running. Its first page is unchanged. The others read as zero, and become resident again
// when it writes to them.
assert.equal(new BigInt64Array(memory.buffer)[0], answer);
assert.equal(new BigInt64Array(memory.buffer, PAGE)[0], 0n);
console.log(`100 can be paid in ${ways(100)} ways`);
show("at the end");

/** Prints the resident memory of the process and of the module, and returns the latter. */
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
