"use strict";

// Builds what `npm start` and `npm test` need, where a source is newer than what was built of it.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "..");

function buildAddons() {
  const sources = ["Cargo.toml", "Cargo.lock", "build.rs", "package.json", ...filesIn("src")];
  const shipped = fs.readdirSync(root).filter((file) => file.endsWith(".node"));
  buildAddon("build", sources, shipped);
  // Only for tests: `npm start` does without.
  const isTest = ["pretest", "pretest:matrix"].includes(process.env.npm_lifecycle_event);
  if (isTest) buildAddon("build:fault", sources, ["target/fault/linear-memory.node"]);
}

function buildAddon(script, sources, binaries) {
  if (!isStale(sources, binaries)) return;
  execFileSync("npm", ["run", script], { cwd: root, stdio: "inherit" });
}

async function buildExamples() {
  const texts = filesIn("examples").filter((file) => file.endsWith(".wat"));
  for (const text of texts) {
    const binary = text.replace(/wat$/, "wasm");
    if (isStale([text], [binary])) await assemble(text, binary);
  }
}

async function assemble(text, binary) {
  const wabt = await require("wabt")();
  const module = wabt.parseWat(text, fs.readFileSync(path.join(root, text), "utf8"));
  fs.writeFileSync(path.join(root, binary), module.toBinary({}).buffer);
  module.destroy();
}

function filesIn(folder) {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)));
}

/** Whether a product is missing, or older than a source. */
function isStale(sources, products) {
  const time = (file) =>
    fs.statSync(path.join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const oldest = products.length === 0 ? 0 : Math.min(...products.map(time));
  return oldest < Math.max(...sources.map(time));
}

buildAddons();
buildExamples();
