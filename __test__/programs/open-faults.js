"use strict";

// As file-faults.js: opens a file in one way with every set of calls failing that this reaches, and prints
// what came of each. An open that fails leaves the file as it was.

const fs = require("node:fs");

const { Memory } = require("../..");
const native = require("../../native");
const { descriptorsOf } = require("../support/files");

const PAGE = 65_536;
const [mode, before, shared, by, file] = process.argv.slice(2);

const PAGES = 3;
const LENGTHS = { absent: undefined, short: PAGE + 5000, long: 5 * PAGE + 100 };
const length = LENGTHS[before];
const content = length === undefined ? undefined : Buffer.alloc(length);
for (let at = 0; at < (length ?? 0); at++) content[at] = 1 + (at % 251);

// Never again a file of the same number, which a descriptor that is left would hide.
let count = 0;

function attempt(calls) {
  const wrong = [];
  const check = (holds, what) => holds || wrong.push(what);
  const name = `${file}-${count++}`;
  if (content !== undefined) fs.writeFileSync(name, content);
  const descriptor = by === "descriptor" ? fs.openSync(name, "r+") : undefined;
  const descriptors = descriptorsOf(name).length;

  // So that each attempt makes the same calls.
  native.releaseSpares();
  native.failAt(calls);
  let memory, error;
  try {
    memory = Memory.open(descriptor ?? name, {
      mode,
      initial: PAGES,
      maximum: 8,
      shared: shared === "shared",
    });
  } catch (thrown) {
    error = thrown;
  }
  const reached = native.callsReached();
  native.failAt([]);

  if (error === undefined) checkOpened(name, memory, check);
  else checkRefused(name, error, check);
  memory?.close();
  check(descriptorsOf(name).length === descriptors, "descriptors");
  if (descriptor !== undefined) fs.closeSync(descriptor);
  fs.rmSync(name, { force: true });
  return { calls, reached, error: error && describe(error), wrong };
}

const describe = ({ name, message, code }) => ({ name, message, code });

function checkOpened(name, memory, check) {
  const isKept = mode === "r+" && content !== undefined;
  const size = isKept ? Math.max(PAGES, Math.ceil(length / PAGE)) * PAGE : PAGES * PAGE;
  const expected = Buffer.alloc(size);
  if (isKept) content.copy(expected);
  const bytes = new Uint8Array(memory.buffer);
  check(Buffer.from(bytes).equals(expected), "the memory's bytes");
  const isLong = isKept && before === "long";
  // The end of a file whose pages are in the engine is rounded to a page of the system.
  const end = shared === "shared" ? Math.ceil(length / 4096) * 4096 : length;
  const inFile = isLong ? expected.subarray(0, end) : expected;
  check(fs.readFileSync(name).equals(inFile), "the file's bytes");
  for (const at of [5, inFile.length - 1]) {
    bytes[at] = 252;
    void memory.buffer; // Any member gives the file what is in the page in which it ends.
    check(fs.readFileSync(name)[at] === 252, `a store at ${at}`);
  }
}

function checkRefused(name, { message }, check) {
  if (content === undefined) return void check(!fs.existsSync(name), "a new file is left");
  const left = fs.readFileSync(name);
  check(left.length === content.length, "the file's length");
  const [, lost = 0] = /could not be emptied: up to (\d+) of its first bytes/.exec(message) ?? [];
  check(lost === 0 || mode === "w+", "lost without being asked to");
  const isKept = (byte, at) => byte === content[at] || (at < lost && byte === 0);
  check(left.every(isKept), "the file's bytes");
}

attempt([]);
const runs = [];
const plans = [[]];
while (plans.length > 0) {
  const calls = plans.pop();
  const run = attempt(calls);
  runs.push(run);
  if (calls.length === 2) continue;
  for (let call = (calls.at(-1) ?? 0) + 1; call <= run.reached.length; call++) {
    plans.push([...calls, call]);
  }
}
console.log(JSON.stringify({ runs }));
