"use strict";

// What a peer of a question measures with.

const fs = require("node:fs");
const { setImmediate: turn } = require("node:timers/promises");
const vm = require("node:vm");

const SMAPS_UNIT = 1024;

/** @param parameters of the question; `nanoseconds` is how long mitata samples one figure */
async function createTools({ nanoseconds }) {
  const mitata = await import("mitata");
  const notes = new Set();
  let compiled = 0;

  return {
    /** Nanoseconds of one call, of something short: mitata's median. */
    async perCall(call) {
      const { p50 } = await mitata.measure(call, { min_cpu_time: nanoseconds });
      return p50;
    },

    /** Nanoseconds of one call, of something long or that cannot be done twice. */
    elapsed(call) {
      const start = performance.now();
      keep(call());
      return (performance.now() - start) * 1e6;
    },

    keep,
    settle,

    /**
     * A function compiled anew, which must refer to nothing outside it. Functions of one source share
     * what the engine knows of their arguments, so one peer's arrays would slow another's loop.
     */
    fresh(source) {
      return vm.runInThisContext(`(${source})`, { filename: `fresh-${compiled++}.js` });
    },

    /** What a reader of the figures should know. */
    note: (text) => notes.add(text),
    notes: () => [...notes],

    resident: () => ofProcess("Rss"),
    hugePages: () => ofProcess("AnonHugePages"),
  };

  /** Uses a value, so that the engine may not leave out what made it. */
  function keep(value) {
    mitata.do_not_optimize(value);
  }
}

/** Releases all garbage. Finalizers of Node-API come in a turn, and may make more garbage. */
async function settle() {
  for (let i = 0; i < 2; i++) {
    globalThis.gc();
    await turn();
  }
}

/** A figure of the kernel's on this process, in bytes. */
function ofProcess(name) {
  const rollup = fs.readFileSync("/proc/self/smaps_rollup", "utf8");
  return Number(rollup.match(new RegExp(`^${name}:\\s+(\\d+) kB`, "m"))[1]) * SMAPS_UNIT;
}

module.exports = { createTools };
