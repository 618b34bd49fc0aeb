"use strict";

// Worker threads that run a program given as text.

const { once } = require("node:events");
const path = require("node:path");
const { Worker } = require("node:worker_threads");

const root = path.join(__dirname, "..", "..");

const prelude = `
  const { parentPort: port, workerData: { root, data } } = require("node:worker_threads");
  const { Memory } = require(root);
  const toAddressType = (memory, count) =>
    memory.type().address === "i64" ? BigInt(count) : count;`;

/** Starts a worker that runs `program` with `Memory`, `toAddressType()`, `data` and `port` in scope. */
function startWorker(program, data, transferList = []) {
  return new Worker(`${prelude}\n${program}`, {
    eval: true,
    workerData: { root, data },
    transferList,
  });
}

/** Runs `program` in a worker, and returns the first message that it posts. */
async function resultOf(program, data) {
  const worker = startWorker(program, data);
  const [[message]] = await Promise.all([once(worker, "message"), once(worker, "exit")]);
  return message;
}

module.exports = { startWorker, resultOf };
