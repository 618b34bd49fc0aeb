"use strict";

// Measures one figure of one peer in a process of its own: `measure.js <question> <peer> <quick> <file>`, forked by
// run.js. In a process that has measured another peer, the garbage collector behaves differently, by up to a
// factor of a hundred (see docs/performance.md).

const { setImmediate: turn } = require("node:timers/promises");

async function measure(name, peer, quick, path) {
  const question = require(`./questions/${name}`);
  const parameters = { warmups: 1, ...question.parameters, ...(quick && question.quick), path };
  const notes = [];
  const tools = await createTools(parameters, notes);

  let figure;
  for (let i = 0; i <= parameters.warmups; i++) {
    tools.keep(undefined);
    await settle();
    notes.length = 0;
    figure = await question.peers[peer](tools, parameters);
  }
  // Loaded last, since a question can be how long loading takes.
  const { features } = require("..");
  return { figure, notes, handoff: features.handoff };
}

/** Returns the tools that peers of questions measure with. */
async function createTools({ nanoseconds }, notes) {
  const mitata = await import("mitata");
  const keep = mitata.do_not_optimize;

  return {
    /** Returns the nanoseconds of a short call: mitata's median of calls during `nanoseconds`. */
    async perCall(call) {
      const { p50 } = await mitata.measure(call, { min_cpu_time: nanoseconds });
      return p50;
    },

    /** Returns the nanoseconds of a single long call. */
    async elapsed(call) {
      const start = performance.now();
      const result = call();
      if (result instanceof Promise) await result;
      const end = performance.now();
      keep(result);
      return (end - start) * 1e6;
    },

    /** Keeps a value alive until the next one, so that the engine cannot optimize it away. */
    keep,
    settle,
    turn: () => turn(),

    /** Adds a note for readers of the figure. */
    note: (text) => notes.push(text),
  };
}

/** Collects all garbage, twice: Node-API runs finalizers in the next turn, and these can create garbage. */
async function settle() {
  for (let i = 0; i < 2; i++) {
    globalThis.gc();
    await turn();
  }
}

const [name, peer, quick, path] = process.argv.slice(2);
// run.js kills this process afterwards.
measure(name, peer, quick === "quick", path).then((result) => process.send(result));
