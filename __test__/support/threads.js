"use strict";

// Shared memories of each kind, and workers that run a program given as text.

const { once } = require("node:events");
const path = require("node:path");
const { Worker } = require("node:worker_threads");

const { Memory, features } = require("../..");

const root = path.join(__dirname, "..", "..");

const prelude = `
  const { parentPort: port, workerData: { root, data } } = require("node:worker_threads");
  const { Memory } = require(root);
  const pages = (memory, count) => (memory.type().address === "i64" ? BigInt(count) : count);`;

/** A worker that runs `program`, with `Memory`, `pages()`, `data` and `port` in scope. */
function start(program, data, transferList = []) {
  return new Worker(`${prelude}\n${program}`, {
    eval: true,
    workerData: { root, data },
    transferList,
  });
}

/** What `program` posts, of which it ends. */
async function answer(program, data) {
  const worker = start(program, data);
  const [[message]] = await Promise.all([once(worker, "message"), once(worker, "exit")]);
  return message;
}

/** A number of pages, as the memory counts them. */
function pages(memory, count) {
  return memory.type().address === "i64" ? BigInt(count) : count;
}

const shared = (maximum = 10) => new Memory({ initial: 1, maximum, shared: true });

const shared64 = (maximum = 10) =>
  new Memory({ initial: 1n, maximum: BigInt(maximum), shared: true, address: "i64" });

/** One with a maximum that no engine can host; it can have at most 262,144 pages all the same. */
const reserved = () => shared64(300_000);

/**
 * Each kind of shared memory that this engine has, as rows of a table: its name, how to make one, and
 * whether a module can import it.
 */
const kinds = [
  ["i32", shared, true],
  ["i64, few pages", shared64, features.memory64],
  ...(features.externalSharedBuffers ? [["i64, reserved", reserved, false]] : []),
];

module.exports = { start, answer, pages, shared, reserved, kinds };
