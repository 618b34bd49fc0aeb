"use strict";

// Builds mmap-io for this Node.js the first time. It is not a dependency, since it has no binaries: without a
// compiler or the headers of this Node.js, `npm ci` would fail.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const VERSION = "1.1.7";

const { modules } = process.versions;
const folder = path.join(__dirname, "../../target/peers", `mmap-io-${VERSION}-${modules}`);

const load = () => require(path.join(folder, "node_modules", "mmap-io"));

/** Returns a function that loads it; undefined if it cannot be built. */
function find() {
  // In a process that measures, run.js has already built it.
  if (process.send !== undefined) return load;
  try {
    if (!fs.existsSync(folder)) build();
    load();
    return load;
  } catch {
    return undefined;
  }
}

function build() {
  fs.mkdirSync(folder, { recursive: true });
  const { PATH } = process.env;
  const env = {
    ...process.env,
    // npm runs on this Node.js, and builds for it.
    PATH: `${path.dirname(process.execPath)}${path.delimiter}${PATH}`,
    // Its own flags select a C++ version that is too old for the headers of Node.js.
    CXXFLAGS: "-std=gnu++20",
  };
  const what = ["--prefix", folder, "--no-save", `mmap-io@${VERSION}`];
  try {
    execFileSync("npm", ["install", ...what], { env, stdio: "ignore" });
  } catch (error) {
    fs.rmSync(folder, { recursive: true });
    throw error;
  }
}

module.exports = { loadMmapIo: find() };
