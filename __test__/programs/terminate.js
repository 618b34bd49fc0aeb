"use strict";

// Terminates workers in the middle of everything; prints what they leave behind. In a process of its
// own, where nothing else maps.

const { once } = require("node:events");
const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");

const { Memory } = require("../..");
const { addressSpace, mappings, collect } = require("../support/kernel");

async function main() {
  const memory = new Memory({ initial: 1, maximum: 10, shared: true });
  await terminateOne(memory);
  await collect();
  const before = { space: addressSpace(), mappings: mappings() };
  for (let i = 0; i < 20; i++) await terminateOne(memory);
  await collect(() => addressSpace() - before.space < 2 ** 30);
  console.log(
    JSON.stringify({
      additions: Atomics.load(new Int32Array(memory.buffer), 0),
      space: addressSpace() - before.space,
      mappings: mappings() - before.mappings,
    }),
  );
}

async function terminateOne(memory) {
  const worker = new Worker(__filename, { workerData: memory.share() });
  await once(worker, "message");
  await worker.terminate();
}

function work(token) {
  const shared = Memory.from(token);
  const held = [];
  for (let i = 0; ; i++) {
    const memory = new Memory({ initial: 1 });
    new Uint8Array(memory.buffer).fill(1);
    memory.grow(1);
    if (i % 3 === 0) memory.toWebAssembly();
    held[i % 50] = memory.buffer;
    Atomics.add(new Int32Array(shared.buffer), 0, 1);
    if (i === 50) parentPort.postMessage("busy");
  }
}

if (isMainThread) main();
else work(workerData);
