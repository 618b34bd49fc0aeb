"use strict";

// AddressSanitizer: the Rust tests, and a minute of the soak with an addon that it was built into.
//
// The addon is loaded by a node that knows nothing of it, so the sanitizer's runtime (gcc's libasan) is
// loaded before everything, and has the heap of all: of V8 and libuv too, which misuse by us would hit.
//
// One thing is switched off, in Node only: the search for leaks at exit. V8 itself leaves hundreds of
// blocks there, and every block of ours has V8's frames in its stack, so that no suppression of V8's
// would spare ours. What we leak there, the soak's figures show; the Rust tests are searched.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

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

cargo("test");
cargo("test", "--features", "fault-injection");
cargo("build");
fs.copyFileSync(path.join(target, triple, "debug", "liblinear_memory.so"), addon);

// What was freed stays resident for a while, so that its use is noticed: more than the soak allows.
const soak = ["soak/run.js", "--seconds", "60", "--resident", "512"];
run(process.execPath, soak, {
  ASAN_OPTIONS: "detect_leaks=0",
  LD_PRELOAD: findRuntime(),
  LINEAR_MEMORY_ADDON: addon,
});
