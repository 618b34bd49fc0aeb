"use strict";

// Measures lower bounds: a call into the addon, and the system calls of bounds.rs.
// Run it as `node bench/bounds.js`; it needs rustc, as building the addon does.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const native = require("../native");
const { showFigure } = require("./support/format");

async function showBounds() {
  const { measure, do_not_optimize: keep } = await import("mitata");
  const { p50 } = await measure(() => keep(native.hasExternalSharedBuffers()));
  show("call the addon, which does next to nothing", p50);

  const folder = path.join(__dirname, "..", "target");
  const program = path.join(folder, "bounds");
  fs.mkdirSync(folder, { recursive: true });
  execFileSync("rustc", ["-O", "--edition=2021", "-o", program, path.join(__dirname, "bounds.rs")]);
  for (const line of execFileSync(program, { encoding: "utf8" }).trim().split("\n")) {
    const [, name, nanoseconds] = line.match(/^(.*) (\S+)$/);
    show(name, Number(nanoseconds));
  }
}

function show(name, nanoseconds) {
  console.log(`${name.padEnd(50)} ${showFigure(nanoseconds, "ns")}`);
}

showBounds();
