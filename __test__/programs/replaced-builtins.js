"use strict";

// Saves and opens a snapshot after the program has replaced what it can: all functions of node:
// modules, and globals. Prints what came of it, and the files that it found.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const url = require("node:url");

const { Memory, Snapshot } = require("../..");

const { readdirSync, unlinkSync, rmdirSync, writeSync } = fs;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));
const file = path.join(folder, "snapshot");
const { toNamespacedPath } = path;
const files = [file, url.pathToFileURL(file)];

const memory = new Memory({ initial: 1 });
new Uint8Array(memory.buffer)[5] = 7;

const called = [];

for (const name of ["fs", "path", "url", "os", "util", "crypto", "module"]) {
  const exported = require(`node:${name}`);
  const members = Object.getOwnPropertyDescriptors(exported);
  for (const [member, { value, writable }] of Object.entries(members)) {
    if (typeof value !== "function" || !writable) continue;
    exported[member] = () => {
      called.push(`${name}.${member}`);
      throw new Error(`${name}.${member} is the program's`);
    };
  }
}
// With a crypto of its own, a program would choose the name of our file.
const crypto = { randomUUID: () => called.push("randomUUID") && "chosen" };
Object.defineProperty(globalThis, "crypto", { value: crypto });
for (const name of ["URL", "process", "Buffer"]) {
  Object.defineProperty(globalThis, name, { value: undefined });
}
Object.prototype.bigint = true;
Object.prototype.throwIfNoEntry = true;

for (const each of files) memory.snapshot().save(each);
// Node.js itself opens no file without this one, on Node.js 20.
path.toNamespacedPath = toNamespacedPath;
const found = files.map((each) => new Uint8Array(Memory.from(Snapshot.open(each)).buffer)[5]);
const left = readdirSync(folder);
delete Object.prototype.bigint;
delete Object.prototype.throwIfNoEntry;
for (const name of left) unlinkSync(`${folder}/${name}`);
rmdirSync(folder);
writeSync(1, JSON.stringify({ found, left, called }));
