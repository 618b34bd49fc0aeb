"use strict";

// Runs the tests on every runtime, whose binaries are on npm: on each version of Node the whole suite, the
// conformance tests on the reference and with linear-memory/register, and the examples; on the oldest
// and the newest the suite with the other hand-off too; the core of it on Bun and Deno. Then writes what they offer into docs/platforms.md; in CI,
// it fails where that is not what the page says.
//   npm run test:matrix                   all of them
//   npm run test:matrix -- --after-test   but for what `npm test` has done on this version of Node
//   npm run test:matrix -- "Node.js 26"   one of them; writes nothing

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

// What shows that a memory is one, and that modules and threads can use it. What the rest is about,
// memory without end in a loop or under limits, says more of a runtime than of this package.
const CORE = ["conformance", "model/engine", "addon/load", "memory/webassembly"];

// What these do otherwise, and we cannot change.
const DENO_DIFFERS = [
  // Structured clone transfers external buffers, and Node-API has no keys against it.
  "structuredClone\\(\\) with a transfer",
  // Its mark that keeps an object from being posted is a property.
  "has the prototype, is extensible, and has no own properties",
  // Its engine keeps the buffer of a shared memory, where the JS API has it refreshed.
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
    // Those that are left out run with both by themselves, or on memories that the engine hosts.
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
    // Its WebAssembly.instantiateStreaming() never settles on a Response that was made here.
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

/** A pattern that names match which none of those patterns match. */
function allBut(patterns) {
  return `^(?!.*(${patterns.join("|")}))`;
}

/** The binary of a runtime, installed the first time. */
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
