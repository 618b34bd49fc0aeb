"use strict";

// Checks the addon with clippy for the targets of package.json that are not Linux, which needs neither their
// linkers nor their headers. Warnings are errors.
//   npm run check:platforms
// Needs `rustup target add` for the targets.

const { execFileSync } = require("node:child_process");
const path = require("node:path");

const { napi } = require("../package.json");

const root = path.join(__dirname, "..");
const targets = napi.targets.filter((target) => !target.includes("linux"));

function installedTargets() {
  const list = execFileSync("rustup", ["target", "list", "--installed"], { encoding: "utf8" });
  return new Set(list.split(/\s+/));
}

const installed = installedTargets();
const missing = targets.filter((target) => !installed.has(target));
if (missing.length > 0) {
  console.error(`Not installed. Run: rustup target add ${missing.join(" ")}`);
  process.exit(1);
}

for (const target of targets) {
  const args = ["clippy", "--locked", "--target", target, "--", "-D", "warnings"];
  console.log(`cargo ${args.join(" ")}`);
  try {
    execFileSync("cargo", args, { cwd: root, stdio: "inherit" });
  } catch (error) {
    if (error.status === undefined) throw error;
    process.exit(error.status);
  }
}
console.log(`${targets.length} passed, 0 failed`);
