"use strict";

// Writes the tables of docs/performance.md between its two marks.

const { showFigure, showRatio } = require("./format");

const BLOCK = /(<!-- results -->)[^]*(<!-- \/results -->)/;

/** Returns the text with tables of all results. */
function writeTables(text, results) {
  if (!BLOCK.test(text)) throw new Error("docs/performance.md: the marks of the results are gone");
  const tables = [
    "A ratio above 1 means that linear-memory is better. Its figure is in brackets. Results that miss their goal are in **bold**.",
    table(results, { goals: true, choose: (against) => [against] }),
    "Against the other peers of the same runs:",
    table(results, {
      goals: false,
      choose: (against, peers) => peers.filter((peer) => peer !== against),
    }),
    "Measured with:",
    results.map(describe).join("\n"),
  ];
  return text.replace(BLOCK, (_, start, end) => [start, ...tables, end].join("\n\n"));
}

/** Returns a table with a row for each question and peer of `choose()`, and a column for each result. */
function table(results, { goals, choose }) {
  const heading = [
    "question",
    "against",
    ...(goals ? ["goal"] : []),
    ...results.map(({ node, forced }) => [node, forced].filter(Boolean).join(", ")),
  ];
  const rows = [];
  for (const name of namesOf(results)) {
    const answers = results.map(({ questions }) => questions[name]);
    const { title, against } = answers.findLast(Boolean);
    const peers = new Set(answers.flatMap((answer) => Object.keys(answer?.ratios ?? {})));
    for (const peer of choose(against, [...peers])) {
      const goal = goals ? [goalOf(answers)] : [];
      rows.push([title, peer, ...goal, ...answers.map((answer) => cell(answer, peer))]);
    }
  }
  const lines = [heading, heading.map(() => "---"), ...rows];
  return lines.map((line) => `| ${line.join(" | ")} |`).join("\n");
}

function namesOf(results) {
  return [...new Set(results.flatMap(({ questions }) => Object.keys(questions)))];
}

/** Returns the goal: one text, or one for each result if they differ. */
function goalOf(answers) {
  const goals = answers.filter(Boolean).map(({ wanted = "" }) => wanted);
  return [...new Set(goals)].join(", ");
}

function cell(answer, peer) {
  const ratio = answer?.ratios[peer];
  if (ratio === undefined) return "–";
  if (peer !== answer.against) return showRatio(ratio);
  const shown = answer.reached === false ? `**${showRatio(ratio)}**` : showRatio(ratio);
  return `${shown} (${showFigure(answer.peers["linear-memory"].median, answer.unit)})`;
}

function describe({ node, v8, date, kernel, cpu, handoff, quick }) {
  return `- Node.js ${node} (V8 ${v8}), hand-off \`${handoff}\`, ${cpu}, ${kernel}, ${date}${quick ? ", quick" : ""}`;
}

module.exports = { writeTables };
