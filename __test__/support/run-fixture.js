"use strict";

// Runs programs of fixtures/ in processes of their own: they end their process, or need limits that are set
// before it starts.

const { execFile } = require("node:child_process");
const path = require("node:path");
const { promisify } = require("node:util");

const execute = promisify(execFile);

const fixtures = path.join(__dirname, "..", "fixtures");

/** Runs a program of `fixtures/`, and returns what it printed, parsed as JSON. */
async function run(program, options) {
  return JSON.parse(await runForText(program, options));
}

/**
 * Runs a program of `fixtures/`, and returns what it printed. `ulimit` are options of the shell's `ulimit`,
 * `flags` those of Node.js, `args` those of the program.
 */
async function runForText(
  program,
  { ulimit = "", flags = [], args = [], env = {}, timeout = 55_000 } = {},
) {
  const script = `${ulimit && `ulimit ${ulimit} && `}exec "$0" "$@"`;
  const file = path.join(fixtures, program);
  const command = [process.execPath, ...flags, file, ...args.map(String)];
  // Shorter than Jest's own timeout, which would leave the program running.
  const options = { env: { ...process.env, ...env }, timeout };
  try {
    const { stdout } = await execute("/bin/bash", ["-c", script, ...command], options);
    return stdout;
  } catch (error) {
    // The message of execFile() does not include the signal.
    if (error.signal) error.message += `\n${error.signal}`;
    throw error;
  }
}

module.exports = { run, runForText };
