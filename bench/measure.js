"use strict";

// One figure of one peer, in a process of its own: `measure.js <question> <peer> <quick> <file>`, forked
// by run.js. A process that has measured another peer would not do: what the engine's collector saw of
// that one changes how it treats the next, by up to a hundred times (see docs/performance.md).

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
  // Not before, since a question may be how long it takes to load.
  const { features } = require("..");
  return { figure, notes, handoff: features.handoff };
}

/** What a peer of a question measures with. */
async function createTools({ nanoseconds }, notes) {
  const mitata = await import("mitata");
  const keep = mitata.do_not_optimize;

  return {
    /** Nanoseconds of one call of something short: mitata's median of `nanoseconds` of calls. */
    async perCall(call) {
      const { p50 } = await mitata.measure(call, { min_cpu_time: nanoseconds });
      return p50;
    },

    /** Nanoseconds of the only call of something long. */
    async elapsed(call) {
      const start = performance.now();
      const result = call();
      if (result instanceof Promise) await result;
      const end = performance.now();
      keep(result);
      return (end - start) * 1e6;
    },

    /** Uses a value, so that the engine may not leave out what made it. It lives until the next. */
    keep,
    settle,
    turn: () => turn(),

    /** What a reader of the figure should know. */
    note: (text) => notes.push(text),
  };
}

/** Releases all garbage. Finalizers of Node-API come in a turn, and may make more of it. */
async function settle() {
  for (let i = 0; i < 2; i++) {
    globalThis.gc();
    await turn();
  }
}

const [name, peer, quick, path] = process.argv.slice(2);
// Then run.js ends this process.
measure(name, peer, quick === "quick", path).then((result) => process.send(result));
