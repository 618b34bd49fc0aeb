"use strict";

// Runs the benchmarks of questions/, and compares the figures of linear-memory with those of its peers.
//   npm run bench                   runs all; writes results/<version>.json and chart.svg
//   npm run bench -- --quick        runs all less exactly, within a minute; writes nothing
//   npm run bench -- --only <name>  runs one file of questions/; writes nothing
//   npm run bench -- --write        writes with these options, too, and docs/performance.md
//   npm run bench -- --report       measures nothing; writes chart and documentation from results/

const { fork } = require("node:child_process");
const { join } = require("node:path");
const { parseArgs } = require("node:util");

const { readResults, writeResult, writeChart, writeDocumentation } = require("./support/files");
const machine = require("./support/machine");
const { median } = require("./support/median");
const { printHeader, printQuestion } = require("./support/table");

// In the order of the tables.
const QUESTIONS = [
  "read-buffer",
  "new-and-drop",
  "grow",
  "grow-with-turns",
  "grow-shared",
  "first-touch",
  "first-touch-huge-pages",
  "sequential-read",
  "sequential-write",
  "random-read",
  "random-write",
  "to-webassembly",
  "restore",
  "dirty-and-restore",
  "dirty-elsewhere-and-restore",
  "from-snapshot",
  "memories-of-a-snapshot",
  "discard",
  "open-file",
  "sum-file",
  "sum-file-mmap-io",
  "module-file",
  "module-file-resident",
  "live-memories",
  "untouched",
  "startup",
];

const OURS = "linear-memory";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    write: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
  },
});

async function run() {
  const { quick, only, write, report } = options;
  if (only !== undefined && !QUESTIONS.includes(only)) {
    throw new Error(`--only: expected one of ${QUESTIONS.join(", ")}, got ${only}`);
  }
  if (!report) {
    const result = await measureAll(only === undefined ? QUESTIONS : [only], quick);
    if (!write && (quick || only !== undefined)) return;
    await writeResult(result, QUESTIONS);
  }
  await writeChart(readResults());
  if (write || report) await writeDocumentation(readResults());
}

async function measureAll(names, quick) {
  const questions = {};
  let handoff;
  printHeader(machine.describe());
  for (const name of names) {
    const answer = await ask(name, quick);
    questions[name] = answer.question;
    handoff = answer.handoff ?? handoff;
    printQuestion(answer.question);
  }
  console.log(`\nHand-off: ${handoff}. A ratio above 1 means that linear-memory is better.`);
  return { ...machine.describe(), handoff, quick, questions };
}

/** Measures all peers of a question, in rounds, so that a busy moment affects all of them. */
async function ask(name, quick) {
  const question = require(`./questions/${name}`);
  const { rounds } = { ...question.parameters, ...(quick && question.quick) };
  const all = Object.keys(question.peers);
  const present = all.filter((peer) => question.peers[peer] !== undefined);
  const figures = Object.fromEntries(present.map((peer) => [peer, []]));
  const notes = new Set();
  const file = question.makeFile?.();
  let handoff;

  for (let round = 0; round < rounds; round++) {
    for (const peer of rotate(present, round)) {
      try {
        const answer = await measure(name, peer, quick, file?.path);
        figures[peer].push(answer.figure);
        for (const note of answer.notes) notes.add(`${peer}: ${note}`);
        handoff = answer.handoff;
      } catch (error) {
        notes.add(`${peer}: ${error.message}`);
        process.exitCode = 1;
      }
    }
  }
  file?.close();
  for (const peer of all.filter((peer) => !present.includes(peer))) {
    notes.add(`${peer}: left out, not supported by this engine`);
  }
  return { question: conclude(question, figures, [...notes]), handoff };
}

/** Measures one figure in a process of its own; with a file, if the question needs one. */
function measure(name, peer, quick, path = "") {
  return new Promise((resolve, reject) => {
    const file = join(__dirname, "measure.js");
    const args = [name, peer, quick ? "quick" : "full", path];
    const child = fork(file, args, { execArgv: ["--expose-gc"] });
    let answer;
    child.on("message", (message) => {
      answer = message;
      // Kills the process: releasing the memories can take longer than measuring, and the exit of Node.js 26.10
      // can deadlock with a thread that waits for a garbage collection.
      child.kill("SIGKILL");
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (answer !== undefined) resolve(answer);
      else reject(new Error(`the process ended by ${signal ?? `exit code ${code}`}`));
    });
  });
}

function conclude(question, figures, notes) {
  const { title, explanation, unit, more = false, charted = true, against } = question;
  const peers = {};
  for (const [peer, rounds] of Object.entries(figures)) {
    if (rounds.length > 0) peers[peer] = { median: median(rounds), rounds };
  }
  const ours = peers[OURS]?.median;
  const ratios = {};
  for (const [peer, { median: theirs }] of Object.entries(peers)) {
    if (peer !== OURS) ratios[peer] = more ? ours / theirs : theirs / ours;
  }
  const goal = goalOf(question, ours, ratios[against]);
  return { title, explanation, unit, charted, against, ...goal, peers, ratios, notes };
}

/** Returns the goal in words, and whether it is reached; an empty object if there is none. */
function goalOf({ required, requiredFigure, wanted, more }, ours, ratio) {
  if (requiredFigure !== undefined) {
    const reached = more ? ours >= requiredFigure : ours <= requiredFigure;
    return { wanted: wanted ?? requiredFigure.toLocaleString("en"), reached };
  }
  const [major] = process.versions.node.split(".");
  const least = typeof required === "object" ? required[major] : required;
  if (least === undefined) return {};
  return { wanted: wanted ?? `${least}×`, reached: ratio >= least };
}

function rotate(list, by) {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

run();
