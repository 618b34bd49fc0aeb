"use strict";

// Builds what `npm start` and `npm test` need, if a source is newer than its products.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");

const { buildExamples } = require("./build-examples");
const { filesIn, isStale, root } = require("./stale");

function buildAddons() {
  const sources = ["Cargo.toml", "Cargo.lock", "build.rs", "package.json", ...filesIn("src")];
  const shipped = fs.readdirSync(root).filter((file) => file.endsWith(".node"));
  buildAddon("build", sources, shipped);
  // Only tests need it.
  const isTest = ["pretest", "pretest:matrix"].includes(process.env.npm_lifecycle_event);
  if (isTest) buildAddon("build:fault", sources, ["target/fault/linear-memory.node"]);
}

function buildAddon(script, sources, binaries) {
  if (!isStale(sources, binaries)) return;
  execFileSync("npm", ["run", script], { cwd: root, stdio: "inherit" });
}

buildAddons();
buildExamples();
