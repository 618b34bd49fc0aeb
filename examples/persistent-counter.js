"use strict";

// Keeps a counter in a file: it survives restarts, processes that are killed while they use it, and, once it
// is flushed, a loss of power. Without an argument, the file is in the system's temporary folder.

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const { Memory } = require("linear-memory");

const PROCESSES = 3;
const ADDITIONS = 1_000_000;

// Indices in the memory, in 32-bit integers.
const STARTS = 0;
const TRIALS = 1;

const [file = path.join(os.tmpdir(), "linear-memory-counter.bin"), role] = process.argv.slice(2);

/** Opens the file as a memory. A new file has one page of zeros. */
function open() {
  const memory = Memory.open(file, { mode: "r+", initial: 1, maximum: 1, shared: true });
  return { memory, words: new Uint32Array(memory.buffer) };
}

function main() {
  const { memory, words } = open();
  const starts = Atomics.add(words, STARTS, 1) + 1;
  console.log(`start ${starts}, according to ${file}`);

  for (let i = 0; i < PROCESSES; i++) {
    const { signal } = spawnSync(process.execPath, [__filename, file, "be killed"]);
    assert.equal(signal, "SIGKILL");
  }
  assert.equal(Atomics.load(words, STARTS), starts + PROCESSES);
  console.log(`${PROCESSES} processes counted themselves, and were killed: ${starts + PROCESSES}`);

  memory.flushSync();
  console.log("flushed: the counter is on disk");

  const each = time(() => {
    for (let i = 0; i < ADDITIONS; i++) Atomics.add(words, TRIALS, 1);
  });
  const read = time(() => fs.readFileSync(file));
  console.log(`one addition takes ${((each / ADDITIONS) * 1e6).toFixed(0)} ns,`);
  console.log(`fs.readFileSync, to read the counter, takes ${(read * 1e3).toFixed(0)} µs`);
}

/** Counts this process, and kills it without notice: the stored value is already in the file. */
function countAndDie() {
  Atomics.add(open().words, STARTS, 1);
  process.kill(process.pid, "SIGKILL");
}

/** Returns how many milliseconds `action` takes. */
function time(action) {
  const start = performance.now();
  action();
  return performance.now() - start;
}

if (role === undefined) main();
else countAndDie();
