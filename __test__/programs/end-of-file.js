"use strict";

// Writes the last byte of a file, which ends within a page, and ends without another call on the memory.

const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");

const { Memory } = require("../..");

const [file, way] = isMainThread ? process.argv.slice(2) : [workerData];

const memory = isMainThread && way.match(/worker|terminate/) ? undefined : store();

function store() {
  const memory = Memory.open(file, { mode: "r+" });
  new Uint8Array(memory.buffer)[100_000 - 1] = 5;
  return memory;
}

console.log("null");
if (isMainThread && memory === undefined) {
  const worker = new Worker(__filename, { workerData: file, stdout: true });
  if (way === "terminate") worker.once("message", () => worker.terminate());
  else worker.once("message", () => worker.postMessage("end"));
} else if (!isMainThread) {
  parentPort.once("message", () => parentPort.close());
  parentPort.postMessage("done");
} else if (way === "exit") {
  process.exit();
} else if (way === "throw") {
  process.on("uncaughtException", () => process.exit());
  throw new Error("thrown on purpose");
}
