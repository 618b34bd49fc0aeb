"use strict";

// Runs an unmodified program twice: with the engine's class, and with linear-memory/register.

const { spawn } = require("node:child_process");
const { once } = require("node:events");
const path = require("node:path");
const { buffer, text } = require("node:stream/consumers");

const fixtures = path.join(__dirname, "..", "fixtures");

/** Modules that are loaded before the program: they make it use `Memory`, and observe that. */
const REGISTERED = [
  path.join(__dirname, "../../../register.js"),
  path.join(__dirname, "observe.js"),
];

const REPORT = 3;

/**
 * Runs a program both ways. Returns the bytes that it printed with the engine's class (`reference`) and with
 * register (`printed`), and the events that `observe.js` reported.
 */
async function runBoth(program, options) {
  const { printed: reference } = await run([], program, options);
  const { printed, events } = await run(REGISTERED, program, options);
  return { reference, printed, events };
}

async function run(preloaded, program, { args = [] } = {}) {
  const command = [
    ...preloaded.flatMap((file) => ["--require", file]),
    path.join(fixtures, program),
    ...args,
  ];
  const child = spawn(process.execPath, command, {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const [printed, errors, report, [status, signal]] = await Promise.all([
    buffer(child.stdout),
    text(child.stderr),
    text(child.stdio[REPORT]),
    once(child, "close"),
  ]);
  if (status !== 0) throw new Error(`${program} ended with ${signal ?? status}: ${errors}`);
  const lines = report.split("\n").slice(0, -1);
  return { printed, events: lines.map((line) => JSON.parse(line)) };
}

/** Returns the events with these fields. */
function select(events, fields) {
  const wanted = Object.entries(fields);
  return events.filter((event) => wanted.every(([name, value]) => event[name] === value));
}

module.exports = { runBoth, select };
