"use strict";

const { execFileSync, spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const { bundle, withPackedEntries } = require("../../scripts/bundle");

const EMPTY = "an addon that does nothing";
const NODE = "Node.js, started and ended";

const root = path.join(__dirname, "..", "..");
const folder = path.join(root, "target", "startup");
const empty = path.join(folder, "empty.node");

/** Installs the package into a folder, and builds the addon that it is compared with; returns their paths. */
function prepare() {
  const addon = fs.readdirSync(root).find((name) => name.endsWith(".node"));
  const [, platform] = addon.split(".");
  const installed = (name) => path.join(folder, "node_modules", name);
  const platforms = installed(`linear-memory-${platform}`);
  for (const each of [installed("linear-memory"), platforms])
    fs.mkdirSync(each, { recursive: true });
  bundle(installed("linear-memory"));
  const { name, type, main, exports } = withPackedEntries(require("../../package.json"));
  const packed = JSON.stringify({ name, type, main, exports });
  fs.writeFileSync(path.join(installed("linear-memory"), "package.json"), packed);
  fs.copyFileSync(path.join(root, addon), path.join(platforms, addon));
  fs.writeFileSync(path.join(platforms, "package.json"), JSON.stringify({ main: addon }));

  const source = path.join(root, "bench", "empty.rs");
  const flags = ["-O", "--edition=2024", "--crate-type=cdylib", "-Cpanic=abort"];
  if (!fs.existsSync(empty)) execFileSync("rustc", [...flags, "-o", empty, source]);
  return { "linear-memory": installed("linear-memory"), empty };
}

/** Returns the nanoseconds of `require` in a new process. */
function load(name) {
  const { [name]: file } = prepare();
  const program = `
    const start = process.hrtime.bigint();
    require(${JSON.stringify(file)});
    console.log(String(process.hrtime.bigint() - start));`;
  const once = () => Number(execFileSync(process.execPath, ["-e", program], { encoding: "utf8" }));
  once(); // Reads the files into the system's cache.
  return once();
}

module.exports = {
  title: "Load the package",
  explanation:
    'require("linear-memory") as it is published, in a new process, its files read before; beside the same of an addon that does nothing, and a process that runs nothing.',
  unit: "ns",
  against: NODE,
  wanted: "5 ms",
  requiredFigure: 5_000_000,
  // Shows what loading costs, which no peer is faster at.
  charted: false,
  parameters: { rounds: 9, warmups: 0 },
  quick: { rounds: 2 },
  peers: {
    "linear-memory": () => load("linear-memory"),
    [EMPTY]: () => load("empty"),
    [NODE]: ({ elapsed }) => elapsed(() => spawnSync(process.execPath, ["-e", ""])),
  },
};
