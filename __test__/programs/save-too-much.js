"use strict";

// Saves a snapshot over another where files may not be so large; prints what is left.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const { Memory, Snapshot } = require("../..");
const { descriptors } = require("../support/kernel");

const PAGE = 65_536;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));
const file = path.join(folder, "snapshot");
const memory = new Memory({ initial: 64 });
const bytes = new Uint8Array(memory.buffer);
bytes[0] = 7;
memory.snapshot().save(file);
bytes.fill(8);
const large = memory.snapshot();

execFileSync("prlimit", ["--pid", process.pid, `--fsize=${10 * PAGE}:`]);
const before = descriptors();
let error;
try {
  large.save(file);
} catch (thrown) {
  error = `${thrown.name}: ${thrown.message}`;
}
const leaked = descriptors() - before;
const drafts = fs.readdirSync(folder).filter((name) => name !== "snapshot");
execFileSync("prlimit", ["--pid", process.pid, "--fsize=unlimited:"]);
const kept = new Uint8Array(Memory.from(Snapshot.open(file)).buffer)[0] === 7;
fs.rmSync(folder, { recursive: true });
console.log(JSON.stringify({ error, drafts, kept, leaked }));
