"use strict";

// Prints the table in the terminal, each question as soon as it is measured.

const { showFigure, showRatio } = require("./format");

const WIDTHS = [38, 11, 28, 11, 9, 0];

function printHeader({ node, v8, kernel, cpu }) {
  console.log(`Node.js ${node}, V8 ${v8}, ${kernel}, ${cpu}\n`);
  printRow(["question", "linear-memory", "peer", "its figure", "ratio", "goal"]);
}

function printQuestion({ title, unit, against, wanted, reached, peers, ratios, notes }) {
  const ours = showFigure(peers["linear-memory"]?.median, unit);
  const others = Object.keys(ratios).sort((a, b) => (b === against) - (a === against));
  others.forEach((peer, i) => {
    const first = i === 0;
    const goal = peer === against && wanted !== undefined ? showGoal(wanted, reached) : "";
    const figure = showFigure(peers[peer].median, unit);
    printRow([first ? title : "", first ? ours : "", peer, figure, showRatio(ratios[peer]), goal]);
  });
  if (others.length === 0) printRow([title, ours]);
  for (const note of notes) console.log(`  ${note}`);
}

function showGoal(wanted, reached) {
  return `${wanted}: ${reached ? "yes" : "NO"}`;
}

function printRow(cells) {
  console.log(
    cells
      .map((cell, i) => cell.padEnd(WIDTHS[i]))
      .join(" ")
      .trimEnd(),
  );
}

module.exports = { printHeader, printQuestion };
