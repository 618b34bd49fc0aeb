"use strict";

// The package that `npm run test:package` packs: installed by its name from a local registry, without a
// compiler or a shell.

const { execFile } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { promisify } = require("node:util");

const { repositoryFields } = require("../../scripts/repository");
const { serveRegistry } = require("../support/npm-registry");

const execute = promisify(execFile);

const root = path.join(__dirname, "..", "..");
const packed = path.join(root, "target", "package");
const MIB = 2 ** 20;

const readJson = (...file) => JSON.parse(fs.readFileSync(path.join(...file), "utf8"));
const manifest = readJson(packed, "main", "package.json");
const platforms = fs
  .readdirSync(path.join(packed, "main", "npm"))
  .map((folder) => readJson(packed, "main", "npm", folder, "package.json"));

let registry;
let project;

beforeAll(async () => {
  const tarballOf = ({ name, version }) => path.join(packed, `${name}-${version}.tgz`);
  // Lists all platforms, as when they are published, so that npm has to choose.
  const all = Object.fromEntries(platforms.map(({ name, version }) => [name, version]));
  registry = await serveRegistry([
    { manifest: { ...manifest, optionalDependencies: all }, tarball: tarballOf(manifest) },
    ...platforms.map((each) => {
      const tarball = tarballOf(each);
      return { manifest: each, tarball: fs.existsSync(tarball) ? tarball : undefined };
    }),
  ]);
  project = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-")));
  fs.writeFileSync(path.join(project, "package.json"), "{}");
  fs.mkdirSync(path.join(project, "no-programs"));
  await run(process.env.npm_execpath, "install", manifest.name);
});

afterAll(() => {
  registry?.close();
  fs.rmSync(project, { recursive: true });
});

/** Runs Node.js in the project, and returns what it printed. */
async function run(...args) {
  const env = {
    PATH: path.join(project, "no-programs"),
    HOME: project,
    npm_config_registry: registry.address,
    npm_config_cache: path.join(project, "cache"),
    npm_config_update_notifier: "false",
    npm_config_audit: "false",
  };
  if (process.env.SystemRoot !== undefined) env.SystemRoot = process.env.SystemRoot;
  const { stdout } = await execute(process.execPath, args, { cwd: project, env });
  return stdout.trim();
}

const installed = (...file) => path.join(project, "node_modules", ...file);

/** Returns the package of this platform, and its addon. */
function addon() {
  const [name] = fs.readdirSync(installed()).filter((each) => each.startsWith("linear-memory-"));
  const file = installed(name, readJson(installed(name), "package.json").main);
  return { name, file, bytes: fs.readFileSync(file) };
}

test("npm installs the package and the addon of this platform, and nothing else", () => {
  const others = platforms.filter(({ name }) => name !== addon().name);
  expect(fs.readdirSync(installed()).filter((each) => !each.startsWith("."))).toEqual([
    manifest.name,
    addon().name,
  ]);
  expect(others.length).toBe(platforms.length - 1);
  for (const { name } of others)
    expect(registry.requests).not.toContain(`/-/${name}-${manifest.version}.tgz`);
});

test("installing runs and compiles nothing, and there are no dependencies", () => {
  for (const name of [manifest.name, addon().name]) {
    const { scripts, dependencies, bundleDependencies } = readJson(installed(name), "package.json");
    expect({ name, scripts, dependencies, bundleDependencies }).toEqual({ name });
    expect(fs.existsSync(installed(name, "binding.gyp"))).toBe(false);
  }
});

test("the packages contain exactly the listed files", () => {
  expect(fs.readdirSync(installed(manifest.name)).sort()).toEqual([
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "THIRD-PARTY.md",
    "bench",
    "core.js",
    "docs",
    "examples",
    "index.d.ts",
    "index.js",
    "later.js",
    "package.json",
    "register.d.ts",
    "register.js",
  ]);
  const { name, file } = addon();
  expect(fs.readdirSync(installed(name)).sort()).toEqual([
    "LICENSE",
    "README.md",
    "THIRD-PARTY.md",
    path.basename(file),
    "package.json",
  ]);
});

test("links of the package's pages point to files of the package", () => {
  const pages = fs
    .readdirSync(installed(manifest.name), { recursive: true })
    .filter((file) => file.endsWith(".md"));
  expect(pages).toContain("README.md");
  const links = pages.flatMap((page) => {
    const text = fs.readFileSync(installed(manifest.name, page), "utf8");
    return [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link]) =>
      path.join(path.dirname(page), link),
    );
  });
  expect(links).toContain("index.d.ts");
  expect(links.filter((link) => link.startsWith(".."))).toEqual([]);
  expect(links.filter((link) => !fs.existsSync(installed(manifest.name, link)))).toEqual([]);
});

test("package.json names the repository if a workflow has packed it", () => {
  expect(repositoryFields({})).toEqual({});
  expect(repositoryFields({ GITHUB_REPOSITORY: "owner/name" })).toEqual({
    repository: { type: "git", url: "git+https://github.com/owner/name.git" },
    homepage: "https://github.com/owner/name#readme",
    bugs: { url: "https://github.com/owner/name/issues" },
  });
  const { repository, homepage, bugs } = readJson(installed(manifest.name), "package.json");
  expect({ repository, homepage, bugs }).toEqual({
    repository: undefined,
    homepage: undefined,
    bugs: undefined,
    ...repositoryFields(process.env),
  });
});

test("the addon is smaller than 1 MiB, and stripped", () => {
  const { bytes } = addon();
  expect(bytes.length).toBeLessThan(MIB);
  if (process.platform === "linux") expect(sectionTypes(bytes)).not.toContain(SYMBOL_TABLE);
});

test.each([
  ["publint", ["run", "--strict"]],
  ["attw", []],
])("%s reports no problem with exports and types", async (tool, args) => {
  const tarball = path.join(packed, `${manifest.name}-${manifest.version}.tgz`);
  const command = ["exec", "--no", "--", tool, ...args, tarball];
  await execute(process.execPath, [process.env.npm_execpath, ...command], { cwd: root });
});

const SYMBOL_TABLE = 2;

/** Returns the types of the sections of a 64-bit little-endian ELF file. */
function sectionTypes(bytes) {
  const [start, size, count] = [
    Number(bytes.readBigUInt64LE(0x28)),
    bytes.readUInt16LE(0x3a),
    bytes.readUInt16LE(0x3c),
  ];
  return Array.from({ length: count }, (_, index) => bytes.readUInt32LE(start + index * size + 4));
}

test.each([
  ["required", "required.cjs", 'const { Memory, features } = require("linear-memory");'],
  ["imported", "imported.mjs", 'import { Memory, features } from "linear-memory";'],
  [
    "imported by default",
    "one.mjs",
    'import all from "linear-memory"; const { Memory, features } = all;',
  ],
])("the package can be %s", async (_how, file, line) => {
  const program = `${line}
    const memory = new Memory({ initial: 1, maximum: 2 });
    memory.grow(1);
    console.log(memory.toWebAssembly().buffer.byteLength, Object.isFrozen(features));`;
  fs.writeFileSync(path.join(project, file), program);
  expect(await run(file)).toBe("131072 true");
});

// Newer versions of Node.js add this name to each CommonJS module.
const isNodes = (name) => name === "module.exports";

test.each([
  ["linear-memory", ["Memory", "Snapshot", "default", "features"]],
  ["linear-memory/register", ["default"]],
])("an import of %s has exactly the documented names", async (name, expected) => {
  fs.writeFileSync(path.join(project, "again.mjs"), `export * from "${name}";`);
  const program = `
    import * as all from "${name}";
    import * as again from "./again.mjs";
    console.log(JSON.stringify([Object.keys(all), Object.keys(again)]));`;
  fs.writeFileSync(path.join(project, "names.mjs"), program);
  const [all, again] = JSON.parse(await run("names.mjs"));
  expect(all.filter((each) => !isNodes(each))).toEqual(expected);
  // `export *` leaves out the default.
  expect(again.filter((each) => !isNodes(each))).toEqual(
    expected.filter((each) => each !== "default"),
  );
});

test("import and require return the same classes and the same function", async () => {
  const program = `
    import { createRequire } from "node:module";
    import all, { Memory, Snapshot, features } from "linear-memory";
    import undo from "linear-memory/register";
    const require = createRequire(import.meta.url);
    const required = require("linear-memory");
    console.log(
      required === all,
      Memory === required.Memory && Memory === WebAssembly.Memory,
      Snapshot === required.Snapshot,
      features === required.features,
      undo === require("linear-memory/register"),
    );
    undo();
    console.log(Memory === WebAssembly.Memory);`;
  fs.writeFileSync(path.join(project, "same.mjs"), program);
  expect(await run("same.mjs")).toBe("true true true true true\nfalse");
});

test("a require gets core.js itself, and an import index.js", async () => {
  const program = `
    import { createRequire } from "node:module";
    const { resolve } = createRequire(import.meta.url);
    console.log(/[\\\\/]core\\.js$/.test(resolve("linear-memory")));
    console.log(import.meta.resolve("linear-memory").endsWith("/index.js"));`;
  fs.writeFileSync(path.join(project, "entries.mjs"), program);
  expect(await run("entries.mjs")).toBe("true\ntrue");
});

test("index.js and register.js are short, since an import searches them for names", () => {
  for (const file of ["index.js", "register.js"])
    expect(fs.statSync(installed(manifest.name, file)).size).toBeLessThan(1_000);
});

const examples = fs.readdirSync(path.join(root, "examples")).filter((file) => file.endsWith(".js"));

test.each(examples)("the example %s runs", async (example) => {
  const folder = path.join(project, "examples");
  if (!fs.existsSync(folder)) {
    fs.cpSync(path.join(root, "examples"), folder, { recursive: true });
    // For the dependencies of some examples; the package itself is found in the project.
    fs.symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"), "junction");
  }
  expect(await run(path.join("examples", example))).not.toBe("");
});

test.each(["--require", "--import"])(
  "%s linear-memory/register makes Memory the class of WebAssembly",
  async (option) => {
    fs.writeFileSync(
      path.join(project, "registered.js"),
      'console.log(WebAssembly.Memory === require("linear-memory").Memory)',
    );
    expect(await run(option, "linear-memory/register", "registered.js")).toBe("true");
  },
);

test("without the platform's package, the error describes how to install it", async () => {
  const { name } = addon();
  const aside = path.join(project, "aside");
  fs.renameSync(installed(name), aside);
  try {
    await expect(run("-e", 'require("linear-memory")')).rejects.toThrow(
      new RegExp(
        `no addon for .*Looked for:\n.*  ${name}: not there\n.*npm ci && npm run build.*mark linear-memory as external`,
        "s",
      ),
    );
  } finally {
    fs.renameSync(aside, installed(name));
  }
});
