"use strict";

// Lists the crates that are compiled into the addon on any platform, with their licences, in THIRD-PARTY.md,
// which is part of each platform's package.
//   node scripts/third-party.js           writes it
//   node scripts/third-party.js --check   fails if it is not current

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const { napi } = require("../package.json");

const root = path.join(__dirname, "..");
const page = path.join(root, "THIRD-PARTY.md");

// Of a choice of licences, the first in this list applies, as in deny.toml.
const LICENSES = ["MIT", "ISC", "BSL-1.0"];

const HEAD = `# What is compiled into the addon

On one platform or another, beside this package itself and Rust's standard library (© The Rust Project
Contributors, MIT or Apache-2.0). Written by \`npm run licenses\`.`;

/** Returns the crates that are linked for a target, without those that only build it. */
function cratesFor(target) {
  const args = ["metadata", "--locked", "--format-version=1", `--filter-platform=${target}`];
  const options = { cwd: root, encoding: "utf8", maxBuffer: 2 ** 26 };
  const { packages, resolve } = JSON.parse(execFileSync("cargo", args, options));
  const byId = new Map(packages.map((each) => [each.id, each]));
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const found = new Set();
  const visit = (id) => {
    if (found.has(id) || isMacro(byId.get(id))) return;
    found.add(id);
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) {
      if (kinds.some(({ kind }) => kind === null)) visit(pkg);
    }
  };
  visit(resolve.root);
  found.delete(resolve.root);
  return [...found].map((id) => byId.get(id));
}

function isMacro({ targets }) {
  return targets.some(({ kind }) => kind.includes("proc-macro"));
}

function licenseOf({ name, license }) {
  const choices = license.split(" OR ");
  const chosen = LICENSES.find((each) => choices.includes(each));
  if (chosen === undefined) throw new Error(`${name}: none of ${LICENSES}: ${license}`);
  return chosen;
}

/** Returns the text of a licence that a crate contains; undefined if there is none. */
function textOf({ manifest_path: manifest }, license) {
  const folder = path.dirname(manifest);
  const names = [`license-${license}`, "license"].map((name) => name.toLowerCase());
  const files = fs.readdirSync(folder);
  const file = names.map((name) => files.find((each) => each.toLowerCase() === name)).find(Boolean);
  return file && fs.readFileSync(path.join(folder, file), "utf8").replaceAll("\r", "").trim();
}

/** Splits a licence into its copyright notices and its terms, which most crates share. */
function split(text) {
  const isNotice = (line) => /^(copyright|\(c\))\b/i.test(line);
  const isTitle = (line) => /^(the )?mit license( \(mit\))?$/i.test(line);
  const lines = text.split("\n").map((line) => line.trim());
  const terms = lines.filter((line) => !isNotice(line) && !isTitle(line)).join(" ");
  return {
    notices: lines.filter(isNotice),
    terms: terms.replace(/\s+/g, " ").trim().replace(/\.?$/, "."),
  };
}

function write() {
  const crates = new Map();
  for (const crate of napi.targets.flatMap(cratesFor)) crates.set(crate.id, crate);
  const sorted = [...crates.values()].sort((a, b) => (a.name < b.name ? -1 : 1));

  const texts = new Set();
  const rows = sorted.map((crate) => {
    const { name, repository, version, authors } = crate;
    const license = licenseOf(crate);
    const text = textOf(crate, license);
    const { notices, terms } = text === undefined ? { notices: [] } : split(text);
    if (terms !== undefined) texts.add(`## ${license}\n\n${terms}`);
    if (notices.length === 0) {
      const names = authors.map((author) => author.replace(/ <.*>$/, ""));
      notices.push(`Copyright ${names.join(", ") || "its authors"}`);
    }
    return `- [${name}](${repository}) ${version}, ${license}. ${notices.join("; ")}`;
  });
  const rank = (text) => LICENSES.findIndex((license) => text.startsWith(`## ${license}`));
  const inOrder = [...texts].sort((a, b) => rank(a) - rank(b));
  return `${[HEAD, rows.join("\n"), ...inOrder].join("\n\n")}\n`;
}

const text = write();
if (!process.argv.includes("--check")) fs.writeFileSync(page, text);
else if (fs.readFileSync(page, "utf8") !== text)
  throw new Error("THIRD-PARTY.md is not current: npm run licenses");
