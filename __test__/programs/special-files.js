"use strict";

// Opens and replaces files that are not snapshots: pipes, devices, and a file whose header claims far more
// than the file has. It is a process of its own, since a call that waits forever would not return.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");

const { Memory, Snapshot } = require("../..");

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));
const within = (name) => path.join(folder, name);

function errorOf(body) {
  try {
    body();
    return "nothing thrown";
  } catch ({ name, message, code }) {
    return `${name}: ${code ?? message.replace(/^.*: /, "")}`;
  }
}

/** A file of 1 TiB, by its length, whose header has so many runs. */
function craft(runs) {
  const header = Buffer.alloc(40);
  header.write("LMSNAP\r\n");
  header.writeUInt32LE(1, 8);
  header.writeBigUInt64LE(65_536n, 24);
  header.writeBigUInt64LE(runs, 32);
  const file = within(`crafted-${runs}`);
  fs.writeFileSync(file, header);
  fs.truncateSync(file, 2 ** 40);
  return file;
}

execFileSync("mkfifo", [within("pipe")]);
fs.mkdirSync(within("folder"));
const server = net.createServer().listen(within("socket"), () => {
  const snapshot = new Memory({ initial: 1 }).snapshot();
  const opened = {};
  const saved = {};
  const kept = {};
  for (const name of ["pipe", "folder", "socket"]) {
    opened[name] = errorOf(() => Snapshot.open(within(name)));
    const before = fs.statSync(within(name)).ino;
    saved[name] = errorOf(() => snapshot.save(within(name)));
    kept[name] = fs.statSync(within(name)).ino === before;
  }
  for (const file of [
    "/dev/zero",
    "/dev/null",
    "/dev/ptmx",
    "/proc/self/maps",
    "/proc/self/mem",
    "/proc/self/fd",
  ]) {
    opened[file] = errorOf(() => Snapshot.open(file));
  }
  for (const runs of [2n ** 60n, 2n ** 21n, 3n]) {
    opened[`${runs} runs`] = errorOf(() => Snapshot.open(craft(runs)));
  }
  const drafts = fs.readdirSync(folder).filter((name) => name.startsWith("."));
  server.close();
  fs.rmSync(folder, { recursive: true });
  console.log(JSON.stringify({ opened, saved, kept, drafts }));
});
