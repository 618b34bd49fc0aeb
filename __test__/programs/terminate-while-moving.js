"use strict";

// Terminates workers that do nothing but move pages under a resizable buffer and back; prints how many
// ended. In a process of its own, since a worker that cannot be ended keeps it alive.

const { once } = require("node:events");
const { Worker, isMainThread, parentPort } = require("node:worker_threads");

const { Memory } = require("../..");

const WORKERS = 20;
const PAGES = 256;

async function main() {
  let ended = 0;
  for (let i = 0; i < WORKERS; i++) {
    const worker = new Worker(__filename);
    await once(worker, "message");
    await worker.terminate();
    ended++;
  }
  console.log(JSON.stringify({ ended }));
}

function work() {
  // Most of the time is the addon's, so that a worker is nearly always ended there.
  const memory = new Memory({ initial: PAGES, maximum: 2 * PAGES });
  new Uint8Array(memory.buffer).fill(1);
  for (let i = 0; ; i++) {
    try {
      memory.toResizableBuffer();
      memory.toFixedLengthBuffer();
    } catch {
      // No program can catch that it is being ended.
    }
    if (i === 20) parentPort.postMessage("busy");
  }
}

if (isMainThread) main();
else work();
