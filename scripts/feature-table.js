"use strict";

// Writes the table of features by runtime in docs/platforms.md.

const fs = require("node:fs");
const path = require("node:path");

const page = path.join(__dirname, "..", "docs", "platforms.md");
const between = /(<!-- features: [^>]* -->\n\n).*?(\n\n<!-- end of features -->)/s;

// These depend on the system, not on the runtime.
const SYSTEM_FEATURES = ["hugePages", "pageStates", "mappedFiles", "waits"];

/** Returns a Markdown table, in prettier's format, of the `{ name, features }` of each runtime. */
function featureTable(columns) {
  const head = ["feature", ...columns.map(({ name }) => name)];
  const flat = columns.map(({ features }) => flatten(features));
  const rows = Object.keys(flat[0])
    .filter((name) => !SYSTEM_FEATURES.includes(name))
    .map((name) => [`\`${name}\``, ...flat.map((features) => show(features[name]))]);
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => row[at].length)));
  const line = (cells) => `| ${cells.map((cell, at) => cell.padEnd(widths[at])).join(" | ")} |`;
  const rule = widths.map((width) => "-".repeat(width));
  return [head, rule, ...rows].map(line).join("\n");
}

/** Flattens members of objects to `name.member`. */
function flatten(features) {
  return Object.fromEntries(
    Object.entries(features).flatMap(([name, value]) =>
      typeof value === "object"
        ? Object.entries(value).map(([member, each]) => [`${name}.${member}`, each])
        : [[name, value]],
    ),
  );
}

function show(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value);
}

/** Writes the table into the page. In CI, throws if the page has another table. */
function replaceTable(table) {
  const text = fs.readFileSync(page, "utf8");
  const next = text.replace(between, (_, start, end) => start + table + end);
  if (!next.includes(table)) throw new Error("docs/platforms.md has no place for the features");
  if (next === text) return;
  if (process.env.CI) throw new Error(`docs/platforms.md is not current:\n${table}`);
  fs.writeFileSync(page, next);
  console.log("docs/platforms.md: the table of features has changed, check the difference");
}

module.exports = { featureTable, replaceTable };
