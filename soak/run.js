"use strict";

// Runs random operations on memories of all kinds for a while: several threads write, check, grow, move,
// share and drop them, and are terminated. Exits with 1 if a byte, a size or an error is wrong, or if
// something leaks.
//   npm run soak -- --seconds 600
//   npm run soak -- --seed 7 --threads 1   repeats a run, if one thread is enough
//   npm run soak -- --resident 512         MiB of resident memory that may be left at the end
//   npm run soak -- --mappings 2000        mappings that may be left at the end

const { spawn } = require("node:child_process");
const { once } = require("node:events");
const path = require("node:path");
const { parseArgs } = require("node:util");

/** How many seconds longer than `--seconds` it may take. */
const PATIENCE = 300;

async function main() {
  const { seconds, seed, threads, resident, mappings } = readOptions();
  console.log(`soak: ${seconds} s, seed ${seed}, ${threads} threads`);
  const program = path.join(__dirname, "main.js");
  // In a separate process, so that this one can report a crash or a hang.
  const child = spawn(
    process.execPath,
    [program, ...[seconds, seed, threads, resident, mappings].map(String)],
    {
      stdio: "inherit",
      timeout: (seconds + PATIENCE) * 1000,
      killSignal: "SIGABRT",
    },
  );
  const [code, signal] = await once(child, "exit");
  if (code === 0) return;
  console.error(`soak failed: ${signal === null ? "see above" : `the process ended by ${signal}`}`);
  console.error(`again: npm run soak -- --seconds ${seconds} --seed ${seed} --threads ${threads}`);
  process.exitCode = 1;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "60" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 32)) },
      threads: { type: "string", default: "4" },
      resident: { type: "string", default: "64" },
      mappings: { type: "string", default: "300" },
    },
  });
  const options = Object.entries(values).map(([name, value]) => {
    if (value === "" || Number.isNaN(Number(value)))
      throw new TypeError(`--${name}: expected a number`);
    return [name, Number(value)];
  });
  return Object.fromEntries(options);
}

main();
