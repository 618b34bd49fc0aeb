"use strict";

// A counter that is a file: it survives restarts, processes that are killed while they have it, and,
// once flushed, a loss of power. Without an argument, the file is in the system's temporary folder.

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const { Memory } = require("linear-memory");

const PROCESSES = 3;
const ADDITIONS = 1_000_000;

// Places in the memory, counted in 32-bit integers.
const STARTS = 0;
const TRIALS = 1;

const [file = path.join(os.tmpdir(), "linear-memory-counter.bin"), role] = process.argv.slice(2);

/** The file's integers. A new file has a page of zeros. */
function open() {
  const memory = Memory.open(file, { mode: "r+", initial: 1, maximum: 1, shared: true });
  return { memory, places: new Uint32Array(memory.buffer) };
}

function main() {
  const { memory, places } = open();
  const starts = Atomics.add(places, STARTS, 1) + 1;
  console.log(`start ${starts}, says ${file}`);

  for (let i = 0; i < PROCESSES; i++) {
    const { signal } = spawnSync(process.execPath, [__filename, file, "be killed"]);
    assert.equal(signal, "SIGKILL");
  }
  assert.equal(Atomics.load(places, STARTS), starts + PROCESSES);
  console.log(`${PROCESSES} processes counted themselves, and were killed: ${starts + PROCESSES}`);

  memory.flushSync();
  console.log("flushed: the disk has it now");

  const each = time(() => {
    for (let i = 0; i < ADDITIONS; i++) Atomics.add(places, TRIALS, 1);
  });
  const read = time(() => fs.readFileSync(file));
  console.log(`one more takes ${((each / ADDITIONS) * 1e6).toFixed(0)} ns,`);
  console.log(`fs.readFileSync, to see how many there are, ${(read * 1e3).toFixed(0)} µs`);
}

/** Counts, and ends as no program can prepare for: what was stored is the file's already. */
function countAndDie() {
  Atomics.add(open().places, STARTS, 1);
  process.kill(process.pid, "SIGKILL");
}

/** Milliseconds. */
function time(action) {
  const start = performance.now();
  action();
  return performance.now() - start;
}

if (role === undefined) main();
else countAndDie();
