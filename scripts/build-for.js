"use strict";

// Builds the addon for Linux targets, as it is shipped. The linker is zig, so the result does not depend on the
// glibc of the building machine.
//   node scripts/build-for.js                             all Linux targets of package.json
//   node scripts/build-for.js x86_64-unknown-linux-gnu    only this target
// Writes to target/addons/. Needs Python, and `rustup target add` for the targets.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const { napi } = require("../package.json");

// RHEL 7, Debian 8, Ubuntu 14.04, Amazon Linux 2 and all later releases have it.
const GLIBC = "2.17";
const TOOLS = ["ziglang==0.17.1", "cargo-zigbuild==0.24.0"];

const root = path.join(__dirname, "..");
const environment = path.join(root, "target", "zig");
const output = path.join(root, "target", "addons");

function run(command, args) {
  const PATH = [path.join(environment, "bin"), process.env.PATH].join(path.delimiter);
  execFileSync(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, PATH } });
}

function installTools() {
  if (fs.existsSync(path.join(environment, "bin", "cargo-zigbuild"))) return;
  run("python3", ["-m", "venv", environment]);
  run(path.join(environment, "bin", "pip"), ["install", "--quiet", ...TOOLS]);
}

function build(target) {
  const versioned = target.endsWith("-gnu") ? `${target}.${GLIBC}` : target;
  const to = ["--target", versioned, "--output-dir", output];
  run("npm", ["run", "build", "--", "--cross-compile", ...to]);
}

/** Throws if an addon requires a newer glibc, by the version names in its string table. */
function check(file) {
  const text = fs.readFileSync(path.join(output, file), "latin1");
  const minors = [...text.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
  if (minors.length === 0) {
    console.log(`${file}: no glibc`);
    return;
  }
  const newest = Math.max(...minors);
  console.log(`${file}: glibc 2.${newest}`);
  const [, limit] = GLIBC.split(".");
  if (newest > limit) throw new Error(`${file}: requires more than glibc ${GLIBC}`);
}

const linux = napi.targets.filter((target) => target.includes("linux"));
const targets = process.argv.length > 2 ? process.argv.slice(2) : linux;

installTools();
targets.forEach(build);
fs.readdirSync(output).forEach(check);
