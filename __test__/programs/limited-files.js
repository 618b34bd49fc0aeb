"use strict";

// Snapshots where files may not be long, by the limit that the test has set, and where SIGXFSZ ends
// the process, which Node.js ignores by itself; prints what came of it.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const { Memory, Snapshot } = require("../..");

const PAGE = 65_536;

// After its last listener is gone, a signal has the system's effect.
const listener = () => {};
process.on("SIGXFSZ", listener);
process.off("SIGXFSZ", listener);

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));
const file = path.join(folder, "snapshot");

function messageOf(body) {
  try {
    body();
    return "nothing thrown";
  } catch ({ name, message, code }) {
    return `${name}: ${message} (${code})`;
  }
}

const memory = new Memory({ initial: 1 });
const bytes = () => new Uint8Array(memory.buffer);
bytes()[5] = 7;
const snapshot = memory.snapshot();
bytes()[5] = 9;
memory.grow(99);
bytes()[50 * PAGE] = 9;
memory.restore(snapshot);
const restored = [bytes()[5], bytes()[50 * PAGE]];
snapshot.save(file);
const opened = new Uint8Array(Memory.from(Snapshot.open(file)).buffer)[5];

bytes().fill(8);
const refused = messageOf(() => memory.snapshot());
const kept = bytes().every((byte) => byte === 8);
memory.discard(0, 100 * PAGE);
// So many that the image is as long as it may be, and its file would be longer.
bytes().fill(6, 0, 32 * PAGE);
const large = memory.snapshot();
const unsaved = messageOf(() => large.save(file));

const table = Memory.open(path.join(folder, "file"), { mode: "r+", initial: 1 });
const ungrown = messageOf(() => table.grow(40));
const made = messageOf(() => Memory.open(path.join(folder, "made"), { mode: "r+", initial: 40 }));

fs.rmSync(folder, { recursive: true });
console.log(JSON.stringify({ restored, opened, refused, kept, unsaved, ungrown, made }));
