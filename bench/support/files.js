"use strict";

// The files that a run writes: its result, the chart, and the tables in docs/performance.md.

const fs = require("node:fs");
const path = require("node:path");

const { drawChart } = require("./chart");
const { writeTables } = require("./tables");

const BENCH = path.join(__dirname, "..");
const RESULTS = path.join(BENCH, "results");
const DOCUMENTATION = path.join(BENCH, "..", "docs", "performance.md");

/** Reads all results, the oldest Node.js first. */
function readResults() {
  const files = fs.readdirSync(RESULTS).filter((file) => file.endsWith(".json"));
  return files
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .map((file) => JSON.parse(fs.readFileSync(path.join(RESULTS, file), "utf8")));
}

/** Writes a result over the previous one of this Node.js; keeps questions that were not measured. */
async function writeResult(result, order) {
  const forced = process.env.LINEAR_MEMORY_HANDOFF;
  const name = forced ? `${result.node}-${forced}` : result.node;
  const file = path.join(RESULTS, `${name}.json`);
  fs.mkdirSync(RESULTS, { recursive: true });
  const before = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")).questions : {};
  const known = { ...before, ...result.questions };
  const questions = Object.fromEntries(
    order.filter((name) => name in known).map((name) => [name, known[name]]),
  );
  await write(file, JSON.stringify({ ...result, forced, questions }));
}

async function writeChart(results) {
  fs.writeFileSync(path.join(BENCH, "chart.svg"), drawChart(results));
}

async function writeDocumentation(results) {
  await write(DOCUMENTATION, writeTables(fs.readFileSync(DOCUMENTATION, "utf8"), results));
}

/** Writes a file in prettier's format. */
async function write(file, text) {
  const prettier = require("prettier");
  const config = await prettier.resolveConfig(file);
  fs.writeFileSync(file, await prettier.format(text, { ...config, filepath: file }));
}

module.exports = { readResults, writeResult, writeChart, writeDocumentation };
