"use strict";

// Collecting garbage, and waiting until the finalizers of what was collected have run.

const v8 = require("node:v8");
const vm = require("node:vm");

/** Collects all garbage at once. */
const gc = process.versions.bun === undefined ? exposeGc() : () => globalThis.Bun.gc(true);

function exposeGc() {
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc");
}

/** Resolves in the next turn of the event loop. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Collects garbage and lets finalizers run, until `isDone` returns true, for at most 20 rounds. */
async function collectGarbage(isDone = () => false) {
  for (let round = 0; round < 20 && !isDone(); round++) {
    gc();
    await nextTurn();
  }
}

module.exports = { gc, nextTurn, collectGarbage };
