"use strict";

// Shares a memory with workers, which add to it with Atomics and then wake each other in turn; one of them
// grows it. Follows the second example of MDN's page on the WebAssembly.Memory() constructor.

const assert = require("node:assert/strict");
const { once } = require("node:events");
const { Worker, isMainThread, workerData } = require("node:worker_threads");

const { Memory } = require("linear-memory");

const WORKERS = 4;
const ADDITIONS = 10_000;

// Indices in the memory, in 32-bit integers.
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
  console.log(`one of them grew it: the buffer now has ${memory.buffer.byteLength} bytes,`);
  console.log(`and the previous one still has its ${before.byteLength} bytes of the same memory`);
}

function work({ number, memory: token }) {
  const memory = Memory.from(token);
  const words = new Int32Array(memory.buffer);
  for (let i = 0; i < ADDITIONS; i++) Atomics.add(words, SUM, 1);

  // Wait for the previous worker, and wake the next one.
  for (let turn; (turn = Atomics.load(words, TURN)) !== number;) Atomics.wait(words, TURN, turn);
  if (number === 1) memory.grow(1);
  console.log(`worker ${number} is done`);
  Atomics.store(words, TURN, number + 1);
  Atomics.notify(words, TURN);
}

if (isMainThread) {
  main().catch((error) => {
    console.error(error);
    process.exit(1); // Workers may be waiting for one that failed.
  });
} else {
  work(workerData);
}
