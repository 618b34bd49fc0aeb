"use strict";

// Terminates workers that grow a memory of a file in a tight loop. Prints what each termination and the
// next growth came to.

const { once } = require("node:events");
const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");

const { Memory } = require("../..");

const ROUNDS = 30;

async function main(file) {
  const memory = Memory.open(file, { mode: "r+", initial: 1, maximum: 200 });
  const sizes = [];
  for (let round = 0; round < ROUNDS; round++) {
    const worker = new Worker(__filename, { workerData: file });
    await once(worker, "message");
    await worker.terminate();
    memory.grow(1);
    sizes.push(memory.buffer.byteLength / 65_536);
  }
  console.log(JSON.stringify({ rounds: ROUNDS, sizes }));
}

function work(file) {
  const memory = Memory.open(file, { mode: "r+", maximum: 200 });
  memory.grow(0);
  parentPort.postMessage("busy");
  for (;;) {
    try {
      memory.grow(0);
    } catch {
      // A termination is not an exception: nothing can catch it.
    }
  }
}

if (isMainThread) main(process.argv[2]);
else work(workerData);
