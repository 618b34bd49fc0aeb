"use strict";

// Which addon native.js loads, and its error if there is none.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { execFileSync } = require("node:child_process");

const root = path.join(__dirname, "..", "..");
const loader = path.join(root, "native.js");
const addon =
  process.env.LINEAR_MEMORY_ADDON ??
  path.join(
    root,
    fs.readdirSync(root).find((file) => file.endsWith(".node")),
  );

let folder;

beforeEach(() => {
  folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-")));
  fs.copyFileSync(loader, path.join(folder, "native.js"));
});

afterEach(() => fs.rmSync(folder, { recursive: true }));

/**
 * Runs `before` and loads the copy of native.js as if on that platform; returns its exports, or the message
 * and cause of its error.
 */
function load(platform, arch, before = "") {
  const script = `
    ${before}
    for (const [name, value] of Object.entries(${JSON.stringify({ platform, arch })})) {
      Object.defineProperty(process, name, { value });
    }
    try {
      console.log(JSON.stringify(require("./native")));
    } catch ({ message, cause }) {
      console.log(JSON.stringify({ message, cause: cause?.message }));
    }`;
  const env = { ...process.env };
  delete env.LINEAR_MEMORY_ADDON;
  return JSON.parse(execFileSync(process.execPath, ["-e", script], { cwd: folder, env }));
}

/** Returns the targets for Linux in the order of loading: musl is first if its loader is installed. */
function inOrder(platform, machine) {
  // On Windows, on the drive that `load()` uses.
  const musl = path.resolve(os.tmpdir(), `/lib/ld-musl-${machine}.so.1`);
  const abis = fs.existsSync(musl) ? ["musl", "gnu"] : ["gnu", "musl"];
  return abis.map((abi) => `${platform}-${abi}`);
}

/** Installs a package that consists of one program. */
function install(name, program) {
  const installed = path.join(folder, "node_modules", name);
  fs.mkdirSync(installed, { recursive: true });
  fs.writeFileSync(path.join(installed, "index.js"), program);
}

test.each([
  ["linux", "x64", inOrder("linux-x64", "x86_64")],
  ["linux", "arm64", inOrder("linux-arm64", "aarch64")],
  ["darwin", "arm64", ["darwin-arm64"]],
  ["win32", "x64", ["win32-x64-msvc"]],
  ["freebsd", "riscv64", ["freebsd-riscv64"]],
])("without an addon for %s-%s, the error lists all that were tried", (platform, arch, targets) => {
  const { message, cause } = load(platform, arch);
  expect(message.split("\n")).toEqual([
    `linear-memory: no addon for ${platform}-${arch} can be loaded. Looked for:`,
    ...targets.map((target) => `  ${folder}/linear-memory.${target}.node: not there`),
    ...targets.map((target) => `  linear-memory-${target}: not there`),
    expect.stringMatching(/npm installs it/),
    expect.anything(),
    expect.stringMatching(/npm ci && npm run build$/),
    expect.stringMatching(/^If a bundler has moved this file .* mark linear-memory as external/),
    expect.stringMatching(/--external:linear-memory \(esbuild\)/),
    expect.stringMatching(/serverExternalPackages \(Next\.js\)$/),
  ]);
  expect(cause).toBeUndefined();
});

test("an addon that fails to load is skipped, and its error reported if there is no other", () => {
  install("linear-memory-linux-x64-musl", "throw new Error('needs another C library')");
  const { message, cause } = load("linux", "x64");
  expect(message).toContain("  linear-memory-linux-x64-musl: needs another C library\n");
  expect(message).toContain("  linear-memory-linux-x64-gnu: not there\n");
  expect(cause).toBe("needs another C library");

  install("linear-memory-linux-x64-gnu", "exports.it = 'gnu'");
  expect(load("linux", "x64")).toEqual({ it: "gnu" });
});

test("an addon that was built locally is preferred to an installed one", () => {
  install("linear-memory-darwin-arm64", "exports.it = 'installed'");
  expect(load("darwin", "arm64")).toEqual({ it: "installed" });

  const built = path.join(folder, "linear-memory.darwin-arm64.node");
  fs.copyFileSync(addon, built);
  expect(load("darwin", "arm64")).not.toHaveProperty("it");
});

test("an incompatible addon that was loaded first is an error", () => {
  install(
    "linear-memory-linux-x64-gnu",
    "exports.firstCopy = () => ({ path: '/other/addon.node', isCompatible: false })",
  );
  const { message } = load("linux", "x64");
  expect(message).toContain("another version of this package");
  expect(message).toContain("/other/addon.node");
});

test("a compatible addon that another copy loaded first is used", () => {
  const other = path.join(folder, "first.js");
  fs.writeFileSync(other, "exports.it = 'first'");
  const first = JSON.stringify({ path: other, isCompatible: true });
  install("linear-memory-linux-x64-gnu", `exports.firstCopy = () => (${first})`);
  expect(load("linux", "x64")).toEqual({ it: "first" });
  install("linear-memory-linux-x64-gnu", "exports.firstCopy = () => null; exports.it = 'only'");
  expect(load("linux", "x64")).toEqual({ it: "only" });
});

test("the installed addon is loaded if the environment cannot be read", () => {
  install("linear-memory-darwin-arm64", "exports.it = 'installed'");
  // Deno throws without --allow-env.
  const forbid = `
    const { env } = process;
    const get = (target, name) => {
      if (name !== "LINEAR_MEMORY_ADDON") return target[name];
      throw new Error("NotCapable");
    };
    process.env = new Proxy(env, { get });`;
  expect(load("darwin", "arm64", forbid)).toEqual({ it: "installed" });
});

test("the installed addon is loaded from a bundle that is an ES module, without `__dirname`", () => {
  install("linear-memory-darwin-arm64", "exports.it = 'installed'");
  fs.writeFileSync(
    path.join(folder, "native.js"),
    `const module_ = { exports: {} };
    const text = require("node:fs").readFileSync(${JSON.stringify(loader)}, "utf8");
    // Within new Function(), __dirname and the like are not defined.
    new Function("require", "module", text)(require, module_);
    module.exports = module_.exports;`,
  );
  // `node -e` defines a global `__dirname`.
  expect(load("darwin", "arm64", "delete globalThis.__dirname;")).toEqual({ it: "installed" });
});

test("the installed addon is loaded if files cannot be looked up", () => {
  install("linear-memory-linux-x64-gnu", "exports.it = 'installed'");
  // Deno throws without --allow-read.
  const forbid = `
    require("node:fs").existsSync = () => {
      throw new Error("NotCapable");
    };`;
  expect(load("linux", "x64", forbid)).toEqual({ it: "installed" });
});
