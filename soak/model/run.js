"use strict";

// Memories in every kind of store, with snapshots, files and moves, in three copies of the package, beside
// plain arrays: whether each byte is what it should be. Ends with 1 and says with which seed if one is not.
//   npm run model -- --seconds 600
//   npm run model -- --seed 7 --count 1   one sequence again
//   LINEAR_MEMORY_ADDON=$PWD/target/fault/linear-memory.node npm run model   with failing calls

const { spawn } = require("node:child_process");
const path = require("node:path");
const { parseArgs } = require("node:util");

/** How many seconds more than it was given it may take. */
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
  // A process of its own, so that this one can say with which seed it crashed, or never ended.
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
