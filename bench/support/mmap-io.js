"use strict";

// mmap-io, built for this Node.js the first time. It is no dependency: it has no binaries to download,
// and where there is no compiler, or there are no headers of this Node.js, `npm ci` would fail.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const VERSION = "1.1.7";

const { modules } = process.versions;
const folder = path.join(__dirname, "../../target/peers", `mmap-io-${VERSION}-${modules}`);

const load = () => require(path.join(folder, "node_modules", "mmap-io"));

/** What loads it; undefined where it cannot be built. */
function find() {
  // A process that measures: run.js has found it.
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
    // By this Node.js, and for it.
    PATH: `${path.dirname(process.execPath)}${path.delimiter}${PATH}`,
    // Its own flags ask for a C++ that the headers of Node.js are beyond.
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
