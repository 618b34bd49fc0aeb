"use strict";

// Which addon is loaded, and what is said where there is none.

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
 * Loads the copy of the loader as on that platform, after some other program; what it exported, or the
 * error's message.
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

/** Those of Linux: where there is musl, what needs that first. */
function inOrder(platform, machine) {
  // On the drive that `load` is on, where there are drives.
  const musl = path.resolve(os.tmpdir(), `/lib/ld-musl-${machine}.so.1`);
  const abis = fs.existsSync(musl) ? ["musl", "gnu"] : ["gnu", "musl"];
  return abis.map((abi) => `${platform}-${abi}`);
}

/** A package there, with that program. */
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
])(
  "on %s-%s without an addon, the error names each that was looked for",
  (platform, arch, targets) => {
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
  },
);

test("an addon that cannot be loaded is passed over, and its error told if there is no other", () => {
  install("linear-memory-linux-x64-musl", "throw new Error('needs another C library')");
  const { message, cause } = load("linux", "x64");
  expect(message).toContain("  linear-memory-linux-x64-musl: needs another C library\n");
  expect(message).toContain("  linear-memory-linux-x64-gnu: not there\n");
  expect(cause).toBe("needs another C library");

  install("linear-memory-linux-x64-gnu", "exports.it = 'gnu'");
  expect(load("linux", "x64")).toEqual({ it: "gnu" });
});

test("what was built in the clone is preferred to a package", () => {
  install("linear-memory-darwin-arm64", "exports.it = 'installed'");
  expect(load("darwin", "arm64")).toEqual({ it: "installed" });

  const built = path.join(folder, "linear-memory.darwin-arm64.node");
  fs.copyFileSync(addon, built);
  expect(load("darwin", "arm64")).not.toHaveProperty("it");
});

test("an addon that this version cannot use is refused if it was loaded first", () => {
  install(
    "linear-memory-linux-x64-gnu",
    "exports.firstCopy = () => ({ path: '/other/addon.node', isCompatible: false })",
  );
  const { message } = load("linux", "x64");
  expect(message).toContain("another version of this package");
  expect(message).toContain("/other/addon.node");
});

test("an addon that was loaded first is used, unless it is this one", () => {
  const other = path.join(folder, "first.js");
  fs.writeFileSync(other, "exports.it = 'first'");
  const first = JSON.stringify({ path: other, isCompatible: true });
  install("linear-memory-linux-x64-gnu", `exports.firstCopy = () => (${first})`);
  expect(load("linux", "x64")).toEqual({ it: "first" });
  install("linear-memory-linux-x64-gnu", "exports.firstCopy = () => null; exports.it = 'only'");
  expect(load("linux", "x64")).toEqual({ it: "only" });
});

test("a program that may not read the environment loads the addon that is installed", () => {
  install("linear-memory-darwin-arm64", "exports.it = 'installed'");
  // As Deno does without --allow-env.
  const forbid = `
    const { env } = process;
    const get = (target, name) => {
      if (name !== "LINEAR_MEMORY_ADDON") return target[name];
      throw new Error("NotCapable");
    };
    process.env = new Proxy(env, { get });`;
  expect(load("darwin", "arm64", forbid)).toEqual({ it: "installed" });
});

test("a bundle that is an ES module, and so has no __dirname, loads the addon that is installed", () => {
  install("linear-memory-darwin-arm64", "exports.it = 'installed'");
  fs.writeFileSync(
    path.join(folder, "native.js"),
    `const module_ = { exports: {} };
    const text = require("node:fs").readFileSync(${JSON.stringify(loader)}, "utf8");
    // In such a function, the parameters of a CommonJS module are not there.
    new Function("require", "module", text)(require, module_);
    module.exports = module_.exports;`,
  );
  // `node -e` has a global one.
  expect(load("darwin", "arm64", "delete globalThis.__dirname;")).toEqual({ it: "installed" });
});

test("a program that may not look at files loads the addon that is installed", () => {
  install("linear-memory-linux-x64-gnu", "exports.it = 'installed'");
  // As Deno does without --allow-read.
  const forbid = `
    require("node:fs").existsSync = () => {
      throw new Error("NotCapable");
    };`;
  expect(load("linux", "x64", forbid)).toEqual({ it: "installed" });
});
