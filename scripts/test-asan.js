"use strict";

// AddressSanitizer: the Rust tests, and the soak, twice, with an addon that it was built into.
//   npm run test:asan -- --seconds 60   for each of the two soaks; 20 unless told
//   npm run test:asan -- --seed 7       the soaks with these numbers
//
// The addon is loaded by a node that knows nothing of it, so the sanitizer's runtime (gcc's libasan) is
// loaded before everything, and has the heap of all: of V8 and libuv too, which misuse by us would hit.
//
// One thing is switched off, in Node only: the search for leaks at exit. V8 itself leaves hundreds of
// blocks there, and every block of ours has V8's frames in its stack, so that no suppression of V8's
// would spare ours. What we leak there, the soak's figures show; the Rust tests are searched.
//
// The sanitizer stores the stack of each allocation, never forgets one, and takes hundreds of mappings for
// them, which nothing tells from others. So the first soak has the stacks, and its reports show who
// allocated a block and who freed it. The second soak has none, and counts mappings. It finds the same, and
// its reports show the wrong access alone.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { parseArgs } = require("node:util");

const root = path.join(__dirname, "..");
const target = path.join(root, "target", "asan");
const triple = "x86_64-unknown-linux-gnu";
const addon = path.join(target, "linear-memory.node");

function run(command, args, env) {
  console.log(`\n${command} ${args.join(" ")}`);
  execFileSync(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
}

function cargo(command, ...args) {
  // `-Z` is for nightly compilers; the stable one has it too, and can be told to take it.
  const env = { RUSTC_BOOTSTRAP: "1", RUSTFLAGS: "-Zsanitizer=address" };
  run("cargo", [command, "--target", triple, "--target-dir", target, ...args], env);
}

/** The shared runtime, which gcc comes with. */
function findRuntime() {
  const file = execFileSync("gcc", ["-print-file-name=libasan.so"], { encoding: "utf8" }).trim();
  if (!path.isAbsolute(file)) throw new Error("gcc has no libasan.so: install libasan8, say");
  return fs.realpathSync(file);
}

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "20" }, seed: { type: "string" } },
});

function soak(sanitizer, ...limits) {
  const seed = values.seed === undefined ? [] : ["--seed", values.seed];
  run(process.execPath, ["soak/run.js", "--seconds", values.seconds, ...seed, ...limits], {
    ASAN_OPTIONS: sanitizer,
    LD_PRELOAD: findRuntime(),
    LINEAR_MEMORY_ADDON: addon,
  });
}

function main() {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return console.log("left out: AddressSanitizer, which this script has for Linux on x64 only");
  }
  cargo("test");
  cargo("test", "--features", "fault-injection");
  cargo("build");
  fs.copyFileSync(path.join(target, triple, "debug", "liblinear_memory.so"), addon);
  // What was freed stays resident for a while, so that its use is noticed: more than the soak allows.
  const resident = ["--resident", "512"];
  soak("detect_leaks=0", ...resident, "--mappings", "2000");
  soak("detect_leaks=0:malloc_context_size=0", ...resident);
}

main();
