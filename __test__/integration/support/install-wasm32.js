"use strict";

// Installs packages built for wasm32, which `npm ci` skips on every machine, in target/, from a lock file of
// their own.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const LOCKED = path.join(__dirname, "..", "wasm32");
const INSTALLED = path.join(__dirname, "..", "..", "..", "target", "wasm32");

const FILES = ["package.json", "package-lock.json"];

/** Installs the packages if their lock file has changed. Returns their folder. */
function install() {
  // npm writes this file last.
  const hidden = path.join(INSTALLED, "node_modules", ".package-lock.json");
  if (!fs.existsSync(hidden) || FILES.some(differs)) {
    fs.mkdirSync(INSTALLED, { recursive: true });
    for (const file of FILES) {
      fs.copyFileSync(path.join(LOCKED, file), path.join(INSTALLED, file));
    }
    execFileSync("npm", ["ci", "--cpu=wasm32", "--ignore-scripts"], { cwd: INSTALLED });
  }
  return path.join(INSTALLED, "node_modules");
}

function differs(file) {
  const installed = path.join(INSTALLED, file);
  if (!fs.existsSync(installed)) return true;
  return !fs.readFileSync(installed).equals(fs.readFileSync(path.join(LOCKED, file)));
}

module.exports = { install };
