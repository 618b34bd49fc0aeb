"use strict";

// Threads wait through buffers of every age of a memory, which grows meanwhile, and whose old buffers
// are collected; they are woken through others, and some are terminated. In a process of its own,
// which a naive implementation ends or has hang: before V8 12 a waiter remembers its backing store, and
// a notify through another one over the same address frees what is not on the heap.

const { once } = require("node:events");
const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");

const { Memory } = require("../..");
const { gc, turn } = require("../support/kernel");
const { kinds, pages } = require("../support/threads");

const WORD = 4;
const WAITS = 50;

async function main() {
  const make = kinds.find(([name]) => name === process.argv[2])[1];
  const memory = make(100);
  const workers = Array.from(
    { length: 3 },
    () => new Worker(__filename, { workerData: memory.share() }),
  );
  const ended = Promise.all(workers.map((worker) => once(worker, "exit")));
  let running = workers.length;
  for (const worker of workers) worker.once("exit", () => running--);
  let woken = 0;
  // Views of several ages; those that are replaced are collected, with threads waiting through them.
  const views = [];
  for (let i = 0; running > 0; i++) {
    views[i % 5] = new Int32Array(memory.buffer);
    woken += Atomics.notify(views[(i * 3) % views.length], WORD, 1);
    if (i % 100 === 0) gc();
    await turn();
  }
  for (const [code] of await ended) if (code !== 0) throw new Error(`a worker ended with ${code}`);
  let terminated = 0;
  for (; terminated < 10; terminated++) await terminateOne(memory);
  console.log(JSON.stringify({ woken, terminated }));
}

/** Ends a thread that waits, and then notifies where it did. */
async function terminateOne(memory) {
  const worker = new Worker(__filename, { workerData: memory.share(), argv: ["forever"] });
  await once(worker, "message");
  await worker.terminate();
  gc();
  memory.grow(pages(memory, 1));
  Atomics.notify(new Int32Array(memory.buffer), WORD);
}

async function work() {
  const memory = Memory.from(workerData);
  if (process.argv[2] === "forever") {
    const words = new Int32Array(memory.buffer);
    Atomics.waitAsync(words, WORD, 0);
    parentPort.postMessage("waits");
    Atomics.wait(words, WORD, 0);
  }
  parentPort.ref(); // promises alone keep no thread running
  for (let i = 0; i < WAITS; i++) {
    const words = new Int32Array(memory.buffer);
    if (i % 3 === 0) growIfPossible(memory);
    if (i % 10 === 0) gc();
    if (i > 10) await Atomics.waitAsync(words, WORD, 0, 1).value;
    const result = Atomics.wait(words, WORD, 0);
    if (result !== "ok") throw new Error(result);
  }
  parentPort.unref();
}

function growIfPossible(memory) {
  try {
    memory.grow(pages(memory, 1));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

if (isMainThread) main();
else work();
