"use strict";

// Holds as many memories as it gets, and goes on working.

const { once } = require("node:events");
const { Worker } = require("node:worker_threads");

const { Memory } = require("../..");
const { mappings, collect } = require("../support/kernel");

async function main() {
  const before = mappings();
  const held = [];
  let error;
  try {
    for (;;) held.push(new Memory({ initial: 1 }));
  } catch (caught) {
    error = { name: caught.name, message: caught.message };
  }
  const live = held.length;

  const worker = new Worker("require('node:worker_threads').parentPort.postMessage(2 ** 10)", {
    eval: true,
  });
  const [[answer]] = await Promise.all([once(worker, "message"), once(worker, "exit")]);

  held.length = 0;
  await collect(() => mappings() < before + 500);
  const again = new Memory({ initial: 1 }).buffer.byteLength;
  console.log(JSON.stringify({ live, error, answer, again, left: mappings() - before }));
}

main();
