"use strict";

// Gives one member each kind of file that is none for it, and prints what came of it. In a process of its
// own: what waits for the other end of a pipe, or reads without end, would do so for good.

const fs = require("node:fs");
const net = require("node:net");
const path = require("node:path");
const { once } = require("node:events");

const { Memory, Snapshot } = require("../..");

const PAGE = 65_536;
const [member, directory, pipe] = process.argv.slice(2);

const memory = new Memory({ initial: 2 });
new Uint8Array(memory.buffer).fill(3);
const snapshot = memory.snapshot();

const members = {
  'Memory.open(), mode "r"': (file) => Memory.open(file),
  'Memory.open(), mode "r", longer': (file) => Memory.open(file, { initial: 2 }),
  'Memory.open(), mode "r+"': (file) => Memory.open(file, { mode: "r+" }),
  'Memory.open(), mode "r+", longer': (file) => Memory.open(file, { mode: "r+", initial: 2 }),
  'Memory.open(), mode "w+"': (file) => Memory.open(file, { mode: "w+", initial: 1 }),
  "memory.map()": (file) => memory.map(0, file),
  "Snapshot.open()": (file) => Snapshot.open(file),
  "snapshot.save()": (file) => snapshot.save(file),
};

const within = (name) => path.join(directory, name);
const content = Buffer.alloc(PAGE, 7);

/** Makes a file with bytes, and returns its path. */
function fileOf(name) {
  fs.writeFileSync(within(name), content);
  return within(name);
}

async function makeFiles() {
  const { O_WRONLY, O_APPEND } = fs.constants;
  const server = net.createServer().listen(within("socket"));
  await once(server, "listening");
  const client = net.connect(within("socket"));
  await once(client, "connect");
  const deleted = fs.openSync(fileOf("deleted"), "r+");
  fs.unlinkSync(within("deleted"));
  const closed = fs.openSync(fileOf("closed"), "r");
  fs.mkdirSync(within("folder"));
  fs.symlinkSync("loop", within("loop"));
  fs.symlinkSync("no-folder/there", within("dangling"));
  const files = {
    "a descriptor that appends": fs.openSync(fileOf("append"), "a+"),
    "a descriptor that only appends": fs.openSync(within("append"), O_WRONLY | O_APPEND),
    "a descriptor to read": fs.openSync(fileOf("read-only"), "r"),
    "a descriptor to write": fs.openSync(fileOf("write-only"), O_WRONLY),
    "a descriptor of a directory": fs.openSync(within("folder"), "r"),
    "a descriptor of a pipe": fs.openSync(pipe, "r+"),
    "a descriptor of a socket": client._handle.fd,
    "a descriptor of a deleted file": deleted,
    "a descriptor of a file in /proc": fs.openSync("/proc/self/comm", "r+"),
    "a descriptor of /dev/zero": fs.openSync("/dev/zero", "r+"),
    "a descriptor of /dev/null": fs.openSync("/dev/null", "r+"),
    "a closed descriptor": closed,
    "a huge number": 2 ** 31 - 1,
    "a number beyond": 2 ** 32 + 3,
    "a negative number": -3,
    "a fraction": 3.5,
    NaN,
    "a directory": within("folder"),
    "a pipe": pipe,
    "a socket": within("socket"),
    "nothing there": within("nothing"),
    "a file as a folder": path.join(fileOf("file"), "x"),
    "a file in /proc": "/proc/self/comm",
    // A snapshot takes the place of what is there, and no test is to do that to those.
    ...(member !== "snapshot.save()" && { "/dev/zero": "/dev/zero", "/dev/null": "/dev/null" }),
    "a loop of links": within("loop"),
    "a link to no folder": within("dangling"),
    "no name": "",
    "a name with a NUL": `${directory}/a\0b`,
    "a name too long": within("x".repeat(300)),
  };
  fs.closeSync(closed); // Last, so that no other has its number.
  return files;
}

/** Returns what there is in the directory, with the bytes of what is a file. */
function listing() {
  return fs.readdirSync(directory).map((name) => {
    const stat = fs.lstatSync(within(name));
    return [name, stat.mode, stat.isFile() ? fs.readFileSync(within(name), "latin1") : undefined];
  });
}

const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

async function main() {
  const files = await makeFiles();
  const outcomes = {};
  const changes = [];
  for (const [name, file] of Object.entries(files)) {
    const before = listing();
    const comm = fs.readFileSync("/proc/self/comm", "latin1");
    const open = fs.readdirSync("/proc/self/fd").length;
    try {
      const opened = members[member](file);
      outcomes[name] = "done";
      opened?.close?.();
      new Uint8Array(memory.buffer).fill(3);
      continue;
    } catch (error) {
      const { name: kind, message, code } = error;
      outcomes[name] = `${kind} ${code ?? message}`;
    }
    const bytes = new Uint8Array(memory.buffer);
    if (!isSame(listing(), before)) changes.push(`${name}: the directory`);
    if (fs.readFileSync("/proc/self/comm", "latin1") !== comm) changes.push(`${name}: /proc`);
    if (fs.readdirSync("/proc/self/fd").length !== open) changes.push(`${name}: descriptors`);
    if (!bytes.every((byte) => byte === 3)) changes.push(`${name}: the memory`);
  }
  const deleted = Buffer.alloc(content.length);
  fs.readSync(files["a descriptor of a deleted file"], deleted, 0, deleted.length, 0);
  console.log(JSON.stringify({ outcomes, changes, deleted: [...new Set(deleted)] }));
  process.exit();
}

main();
