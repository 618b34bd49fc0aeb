"use strict";

// Compares memories in every kind of store, with snapshots, files and moves, in three copies of the package,
// with plain arrays of the expected bytes. Exits with 1 and prints the seed if a byte differs.
//   npm run model -- --seconds 600
//   npm run model -- --seed 7 --count 1   repeats one sequence
//   LINEAR_MEMORY_ADDON=$PWD/target/fault/linear-memory.node npm run model   with failing system calls

const { spawn } = require("node:child_process");
const path = require("node:path");
const { parseArgs } = require("node:util");

/** How many seconds longer than `--seconds` it may take. */
const PATIENCE = 300;

async function main() {
  const { seconds, seed, length, count } = parseArgs({
    options: {
      seconds: { type: "string", default: "60" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
      length: { type: "string", default: "80" },
      count: { type: "string", default: "Infinity" },
    },
  }).values;
  console.log(`model: ${seconds} s from seed ${seed}`);
  const program = path.join(__dirname, "main.js");
  // In a separate process, so that this one can report the seed of a crash or a hang.
  const child = spawn(process.execPath, ["--expose-gc", program, seconds, seed, length, count], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
    timeout: (Number(seconds) + PATIENCE) * 1000,
    killSignal: "SIGABRT",
  });
  let last = "";
  child.stdio[3].setEncoding("utf8").on("data", (text) => (last = (last + text).slice(-100)));
  const [code, signal] = await new Promise((resolve) => {
    child.once("close", (...outcome) => resolve(outcome));
  });
  if (code === 0) return;
  const current = last.trimEnd().split("\n").at(-1);
  if (signal !== null) console.error(`model: seed ${current}: the process ended by ${signal}`);
  console.error(`again: MODEL_TRACE=1 npm run model -- --seed ${current} --count 1`);
  process.exitCode = 1;
}

main();
