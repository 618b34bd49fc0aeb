"use strict";

// Runs the tests on every runtime, with binaries from npm:
// - on each version of Node.js the suite, the conformance tests against the engine's own class and with
//   linear-memory/register, and the examples;
// - on the oldest and the newest version also the suite with the hand-off of Node-API;
// - on Bun and Deno the core of the suite.
// Then writes the features of each runtime into docs/platforms.md. In CI, fails if they differ from the page.
//   npm run test:matrix                   runs all
//   npm run test:matrix -- --after-test   leaves out what `npm test` has run on this version of Node.js
//   npm run test:matrix -- "Node.js 26"   runs one, and writes nothing

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { parseArgs } = require("node:util");

const { featureTable, replaceTable } = require("./feature-table");

const root = path.join(__dirname, "..");
const { platform, arch } = process;
const target = `${platform === "win32" ? "win" : platform}-${arch}`;

const jest = ["node_modules/jest/bin/jest.js"];
const NODE_API = { LINEAR_MEMORY_HANDOFF: "node-api" };
const REFERENCE = { LINEAR_MEMORY_SUBJECT: "reference" };
const REGISTERED = { LINEAR_MEMORY_SUBJECT: "registered" };

const examples = fs
  .readdirSync(path.join(root, "examples"))
  .filter((file) => file.endsWith(".js"))
  .map((file) => `examples/${file}`);

// The tests that a memory behaves as one, and that modules can use it. Other tests, of garbage collection and of
// limits, would rather test the runtime than this package.
const CORE = ["conformance", "model/engine", "addon/load", "memory/webassembly"];

// Tests of behaviour that these runtimes lack, and the package cannot provide.
const DENO_DIFFERS = [
  // Structured clone transfers external buffers, and Node-API cannot set detach keys.
  "structuredClone\\(\\) with a transfer",
  // Its mark against posting an object is a property of the object.
  "has the prototype, is extensible, and has no own properties",
  // The engine keeps the buffer of a shared memory, which the JS API refreshes.
  "grow\\(\\) of a shared memory by 0 creates a new buffer",
];
const BUN_DIFFERS = [DENO_DIFFERS.at(-1)];

const VERSIONS = [20, 22, 24, 26];

const node = (version) => ({
  name: `Node.js ${version}`,
  folder: `node-${version}`,
  package: `node-${target}@${version}`,
  binary: platform === "win32" ? "bin/node.exe" : "bin/node",
  script: [],
  suites: [
    { args: jest },
    // The ignored tests run with both hand-offs anyway, or on memories that the engine hosts.
    ...([VERSIONS.at(0), VERSIONS.at(-1)].includes(version)
      ? [{ args: [...jest, "--testPathIgnorePatterns", "faults", "integration"], env: NODE_API }]
      : []),
    {
      args: ["--experimental-wasm-type-reflection", ...jest, "__test__/conformance"],
      env: REFERENCE,
    },
    { args: [...jest, "__test__/conformance"], env: REGISTERED },
    ...examples.map((file) => ({ args: [file] })),
  ],
});

const bun = {
  name: "Bun 1",
  folder: "bun",
  package: `@oven/bun-${target.replace("win-", "windows-")}@1`,
  binary: platform === "win32" ? "bin/bun.exe" : "bin/bun",
  script: [],
  suites: [
    {
      args: [
        ...["test", "--timeout", "60000", "--test-name-pattern", allBut(BUN_DIFFERS)],
        ...CORE.map((name) => `__test__/${name}`),
      ],
    },
    // WebAssembly.instantiateStreaming() never settles for a Response that a program has created.
    ...examples.filter((file) => !file.endsWith("accumulate.js")).map((file) => ({ args: [file] })),
  ],
};

const deno = {
  name: "Deno 2",
  folder: "deno",
  package: `@deno/${platform}-${arch}${platform === "linux" ? "-glibc" : ""}@2`,
  binary: platform === "win32" ? "deno.exe" : "deno",
  script: ["run", "--allow-all"],
  suites: [
    {
      args: [...jest, "--testNamePattern", allBut(DENO_DIFFERS), "--testPathPatterns"].concat(
        `__test__/(${CORE.join("|")})`,
      ),
    },
    ...examples.map((file) => ({ args: [file] })),
  ],
};

const RUNTIMES = [...VERSIONS.map(node), bun, deno];

/** Returns a pattern that matches names which none of `patterns` match. */
function allBut(patterns) {
  return `^(?!.*(${patterns.join("|")}))`;
}

/** Returns the binary of a runtime, and installs it the first time. */
function install(runtime) {
  const folder = path.join(root, "target", "runtimes", runtime.folder);
  const [name] = /^@?[^@]+/.exec(runtime.package);
  const binary = path.join(folder, "node_modules", name, runtime.binary);
  if (!fs.existsSync(binary)) {
    const args = ["install", "--prefix", folder, "--no-save", runtime.package];
    const shell = platform === "win32";
    execFileSync("npm", args, { cwd: root, stdio: "inherit", shell });
  }
  return binary;
}

function test(runtime) {
  const binary = install(runtime);
  const run = (args, env, stdio) => {
    const options = { cwd: root, stdio, encoding: "utf8", env: { ...process.env, ...env } };
    return execFileSync(
      binary,
      [...(args[0] === "--version" ? [] : runtime.script), ...args],
      options,
    );
  };
  const [major] = process.versions.node.split(".");
  const isTested = options["after-test"] && runtime.name === `Node.js ${major}`;
  const suites = isTested
    ? runtime.suites.filter(({ args, env }) => args !== jest || env)
    : runtime.suites;
  for (const { args, env } of [{ args: ["--version"] }, ...suites]) {
    console.log(`\n${runtime.name}: ${args.join(" ")}`);
    run(args, env, "inherit");
  }
  return JSON.parse(
    run(["__test__/fixtures/print-features.js"], {}, ["ignore", "pipe", "inherit"]),
  );
}

const { values: options, positionals } = parseArgs({
  options: { "after-test": { type: "boolean", default: false } },
  allowPositionals: true,
});
const [only] = positionals;
const chosen = RUNTIMES.filter(({ name }) => only === undefined || name === only);
if (chosen.length === 0) throw new Error(`expected one of ${RUNTIMES.map(({ name }) => name)}`);

const columns = chosen.map((runtime) => ({ name: runtime.name, features: test(runtime) }));
if (only === undefined) replaceTable(featureTable(columns));
console.log(`\nAll passed: ${chosen.map(({ name }) => name).join(", ")}.`);
