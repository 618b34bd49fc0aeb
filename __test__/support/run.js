"use strict";

// Programs in a process of their own: for what would end the test's, or needs limits set before.

const { execFile } = require("node:child_process");
const path = require("node:path");
const { promisify } = require("node:util");

const execute = promisify(execFile);

const fixtures = path.join(__dirname, "..", "fixtures");

/** Runs a program of `fixtures/`, under `ulimit` options if any; what it printed, as JSON. */
async function run(program, options) {
  return JSON.parse(await print(program, options));
}

/** The same, as text. `flags` are Node's. */
async function print(
  program,
  { ulimit = "", flags = [], args = [], env = {}, timeout = 55_000 } = {},
) {
  const script = `${ulimit && `ulimit ${ulimit} && `}exec "$0" "$@"`;
  const file = path.join(fixtures, program);
  const command = [process.execPath, ...flags, file, ...args.map(String)];
  // What hangs is ended before Jest gives up on the test, which would leave it running.
  const options = { env: { ...process.env, ...env }, timeout };
  try {
    const { stdout } = await execute("/bin/bash", ["-c", script, ...command], options);
    return stdout;
  } catch (error) {
    // What ended it is not in the message.
    if (error.signal) error.message += `\n${error.signal}`;
    throw error;
  }
}

module.exports = { run, print };
