"use strict";

// Programs given as text, in threads of their own.

const { once } = require("node:events");
const path = require("node:path");
const { Worker } = require("node:worker_threads");

const root = path.join(__dirname, "..", "..");

/** A worker that runs `program`, with `Memory`, `data` and `port` in scope. */
function start(program, data) {
  const prelude = `
    const { parentPort: port, workerData: { root, data } } = require("node:worker_threads");
    const { Memory } = require(root);`;
  return new Worker(`${prelude}\n${program}`, { eval: true, workerData: { root, data } });
}

/** What `program` posts. */
async function answer(program, data) {
  const worker = start(program, data);
  const [[message]] = await Promise.all([once(worker, "message"), once(worker, "exit")]);
  return message;
}

module.exports = { start, answer };
