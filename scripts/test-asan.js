"use strict";

// Runs the Rust tests under AddressSanitizer, and then the soak, twice.
//   npm run test:asan -- --seconds 60   runs each soak for 60 seconds; the default is 20
//   npm run test:asan -- --seed 7       runs the soaks with this seed
//
// Node.js itself is built without the sanitizer. Preloading the sanitizer's runtime (gcc's libasan) makes it
// check the heap of the whole process, V8 and libuv included, which the addon could corrupt.
//
// Only the search for leaks at exit is disabled, and only in Node.js. V8 itself leaks hundreds of blocks there,
// and a suppression of V8's leaks would hide the addon's, whose stacks have frames of V8, too. The soak's figures
// show leaks of the addon, and the Rust tests are searched.
//
// The sanitizer keeps the stack of each allocation, in hundreds of mappings that cannot be told from others. So
// the first soak keeps stacks: its reports show where a block was allocated and freed. The second soak keeps
// none, and limits the number of mappings. It finds the same errors, and reports only the access.

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
  // RUSTC_BOOTSTRAP makes the stable compiler accept `-Z`.
  const env = { RUSTC_BOOTSTRAP: "1", RUSTFLAGS: "-Zsanitizer=address" };
  run("cargo", [command, "--target", triple, "--target-dir", target, ...args], env);
}

/** Returns the path of the shared runtime that comes with gcc. */
function findRuntime() {
  const file = execFileSync("gcc", ["-print-file-name=libasan.so"], { encoding: "utf8" }).trim();
  if (!path.isAbsolute(file))
    throw new Error("gcc has no libasan.so: install it, for example as libasan8");
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
    return console.log("skipped: this script supports AddressSanitizer on Linux x64 only");
  }
  cargo("test");
  cargo("test", "--features", "fault-injection");
  cargo("build");
  fs.copyFileSync(path.join(target, triple, "debug", "liblinear_memory.so"), addon);
  // The sanitizer keeps freed blocks resident for a while, to detect their use: more than the soak allows.
  const resident = ["--resident", "512"];
  soak("detect_leaks=0", ...resident, "--mappings", "2000");
  soak("detect_leaks=0:malloc_context_size=0", ...resident);
}

main();
