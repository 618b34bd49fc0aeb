"use strict";

// A shared memory, after the second example of MDN's page on the WebAssembly.Memory() constructor:
// workers add to it with Atomics, one after the other has woken it, and one of them lets it grow.

const assert = require("node:assert/strict");
const { once } = require("node:events");
const { Worker, isMainThread, workerData } = require("node:worker_threads");

const { Memory } = require("linear-memory");

const WORKERS = 4;
const ADDITIONS = 10_000;

// Places in the memory, counted in 32-bit integers.
const TURN = 0;
const SUM = 1;

async function main() {
  const memory = new Memory({ initial: 10, maximum: 100, shared: true });
  const before = memory.buffer;
  assert(before instanceof SharedArrayBuffer);
  console.log(`a shared memory of ${before.byteLength} bytes`);

  const workers = Array.from(
    { length: WORKERS },
    (_, number) => new Worker(__filename, { workerData: { number, memory: memory.share() } }),
  );
  const exits = await Promise.all(workers.map((worker) => once(worker, "exit")));
  assert.deepEqual(exits.flat(), Array(WORKERS).fill(0));

  const sum = Atomics.load(new Int32Array(memory.buffer), SUM);
  assert.equal(sum, WORKERS * ADDITIONS);
  console.log(`${WORKERS} workers added 1 to it ${ADDITIONS} times each: ${sum}`);

  assert.equal(memory.buffer.byteLength, 11 * 65_536);
  assert.equal(before.byteLength, 10 * 65_536);
  assert.equal(Atomics.load(new Int32Array(before), SUM), sum);
  console.log(`one of them let it grow: the buffer has ${memory.buffer.byteLength} bytes now,`);
  console.log(`and the one from before still has its ${before.byteLength}, of the same memory`);
}

function work({ number, memory: token }) {
  const memory = Memory.from(token);
  const places = new Int32Array(memory.buffer);
  for (let i = 0; i < ADDITIONS; i++) Atomics.add(places, SUM, 1);

  // Wait for the worker before this one, and wake the one after.
  for (let turn; (turn = Atomics.load(places, TURN)) !== number;) Atomics.wait(places, TURN, turn);
  if (number === 1) memory.grow(1);
  console.log(`worker ${number} is done`);
  Atomics.store(places, TURN, number + 1);
  Atomics.notify(places, TURN);
}

if (isMainThread) {
  main().catch((error) => {
    console.error(error);
    process.exit(1); // Workers may be waiting for one that failed.
  });
} else {
  work(workerData);
}
