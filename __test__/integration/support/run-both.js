"use strict";

// Runs a program that knows nothing of this package twice: with the engine's class, and with ours.

const { spawn } = require("node:child_process");
const { once } = require("node:events");
const path = require("node:path");
const { buffer, text } = require("node:stream/consumers");

const programs = path.join(__dirname, "..", "programs");

/** What is loaded before the program, to have it use our class, and to see that it does. */
const OURS = [path.join(__dirname, "../../../register.js"), path.join(__dirname, "observe.js")];

const REPORT = 3;

/**
 * What the program printed with the engine's class, as bytes, and with ours; and what `observe.js`
 * reported of that.
 */
async function runBoth(program, options) {
  const { printed: reference } = await run([], program, options);
  const { printed, events } = await run(OURS, program, options);
  return { reference, printed, events };
}

async function run(preloaded, program, { args = [] } = {}) {
  const command = [
    ...preloaded.flatMap((file) => ["--require", file]),
    path.join(programs, program),
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
  if (status !== 0) throw new Error(`${program}: ended with ${signal ?? status}: ${errors}`);
  const lines = report.split("\n").slice(0, -1);
  return { printed, events: lines.map((line) => JSON.parse(line)) };
}

/** The events with those fields. */
function select(events, fields) {
  const wanted = Object.entries(fields);
  return events.filter((event) => wanted.every(([name, value]) => event[name] === value));
}

module.exports = { runBoth, select };
