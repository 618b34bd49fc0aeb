"use strict";

// A disk without room for the holes of a file, every other page of which is one: a file system in memory,
// mounted in a namespace of this program's own. Prints how many holes were written to, and how many
// mappings there are then.

const { execFileSync, spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const { Memory } = require("../..");

const PAGE = 65_536;
const SMALL = 4_096;
const PAGES = 68_000; // of 4,096 bytes
const LARGE = 34_000;
const [directory, isInside] = process.argv.slice(2);

if (isInside === undefined) {
  const command = ["--mount", process.execPath, __filename, directory, "inside"];
  const { status, signal } = spawnSync("unshare", command, { stdio: "inherit" });
  if (signal !== null) process.kill(process.pid, signal);
  process.exit(status);
}

execFileSync("mount", ["-t", "tmpfs", "-o", "size=160m", "tmpfs", directory]);
const file = path.join(directory, "file");
const descriptor = fs.openSync(file, "w+");
fs.ftruncateSync(descriptor, Math.ceil((PAGES * SMALL) / PAGE) * PAGE);
const content = Buffer.alloc(SMALL, 7);
for (let page = 1; page < PAGES; page += 2)
  fs.writeSync(descriptor, content, 0, SMALL, page * SMALL);
fill(path.join(directory, "rest"));

/** Writes until there is no room. */
function fill(name) {
  const rest = fs.openSync(name, "w");
  const chunk = Buffer.alloc(1 << 20, 1);
  try {
    for (;;) if (fs.writeSync(rest, chunk) === 0) return;
  } catch (error) {
    if (error.code !== "ENOSPC") throw error;
  }
}

function storeInHoles(memory, count) {
  const bytes = new Uint8Array(memory.buffer);
  for (let page = 0; page < 2 * count; page += 2) bytes[page * SMALL] = 9;
  try {
    return memory.buffer.byteLength;
  } catch ({ message }) {
    return message;
  }
}

const open = () => Memory.open(descriptor, { mode: "r+" });
const first = open();
const errors = [storeInHoles(first, LARGE)];
let hits = LARGE;
// And many memories with few losses each.
const others = [];
for (let count = 0; count < 40; count++) {
  const memory = open();
  others.push(memory);
  errors.push(storeInHoles(memory, 250));
  hits += 250;
}
const mappings = fs.readFileSync("/proc/self/maps", "utf8").split("\n").length;
console.log(JSON.stringify({ hits, mappings, errors, memories: others.length + 1 }));
