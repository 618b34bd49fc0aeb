"use strict";

// Measures one question, in a process of its own that run.js forks: `measure.js <name> <options>`.
// Its peers take turns: a round has a figure of each, and the next round starts with another one, so
// that what else the machine does meets them all. The result goes to run.js as a message.

const { createTools } = require("./support/tools");

/**
 * @param name of a file in questions/
 * @param options.quick whether the question's quick parameters are wanted
 * @param options.peer the only peer to measure; all of them without it
 */
async function measure(name, { quick, peer: only }) {
  const question = require(`./questions/${name}`);
  const parameters = { ...question.parameters, ...(quick && question.quick) };
  const tools = await createTools(parameters);
  const names = only === undefined ? Object.keys(question.peers) : [only];
  const present = names.filter((peer) => question.peers[peer] !== undefined);
  const figures = Object.fromEntries(present.map((peer) => [peer, []]));

  // The first rounds compile the code, and are not counted.
  const { rounds, warmups = 1 } = parameters;
  for (let round = -warmups; round < rounds; round++) {
    for (const peer of rotate(present, round + warmups)) {
      await tools.settle();
      const figure = await question.peers[peer](tools, parameters);
      if (round >= 0) figures[peer].push(figure);
    }
  }
  // Not before, since a question may be how long it takes to load.
  const { features } = require("..");
  return { figures, notes: tools.notes(), handoff: features.handoff };
}

function rotate(list, by) {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

const [name, options] = process.argv.slice(2);
measure(name, JSON.parse(options)).then((result) => {
  // A question may have left garbage that would take long to release.
  process.send(result, () => process.exit());
});
