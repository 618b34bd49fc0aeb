"use strict";

/* eslint-disable no-restricted-globals, no-restricted-syntax -- All of this runs while the package loads. */

// Finds the addon: one that was built in this folder, or the package of this platform, which npm installs with
// this one (`optionalDependencies`).

const { existsSync } = require("node:fs");

const NAME = "linear-memory";

/** Returns whether a file exists, or may exist: Deno throws if the program lacks the permission to look. */
function mayExist(file) {
  try {
    return existsSync(file);
  } catch {
    return true;
  }
}

// The names are napi-rs's. A process with glibc cannot load an addon that needs musl. One with musl can load
// some that need glibc, so the latter come last if there is musl.
function abis() {
  if (process.platform === "win32") return ["-msvc"];
  if (process.platform !== "linux") return [""];
  const machine = { x64: "x86_64", arm64: "aarch64" }[process.arch] ?? process.arch;
  const hasMusl = mayExist(`/lib/ld-musl-${machine}.so.1`);
  return hasMusl ? ["-musl", "-gnu"] : ["-gnu", "-musl"];
}

/** Returns the addon that tests load in place of the shipped one. */
function chosenAddon() {
  try {
    return process.env.LINEAR_MEMORY_ADDON;
  } catch {
    // Deno throws if the program may not read this variable.
    return undefined;
  }
}

function load() {
  const chosen = chosenAddon();
  if (chosen) return require(chosen);

  const platform = `${process.platform}-${process.arch}`;
  const targets = abis().map((abi) => platform + abi);
  const failures = [];
  const attempt = (candidate) => {
    try {
      return require(candidate);
    } catch (error) {
      failures.push({ candidate, error });
    }
  };
  // A bundler that writes an ES module leaves no `__dirname`.
  for (const target of typeof __dirname === "undefined" ? [] : targets) {
    const candidate = `${__dirname}/${NAME}.${target}.node`;
    // Looking for the file first is faster than a failing require().
    const addon = mayExist(candidate) ? attempt(candidate) : void failures.push({ candidate });
    if (addon !== undefined) return addon;
  }
  for (const target of targets) {
    const addon = attempt(`${NAME}-${target}`);
    if (addon !== undefined) return addon;
  }
  throw notFound(platform, failures);
}

function notFound(platform, failures) {
  const lines = failures.map(
    ({ candidate, error }) => `  ${candidate}: ${isAbsent(error) ? "not there" : error.message}`,
  );
  const message = `${NAME}: no addon for ${platform} can be loaded. Looked for:
${lines.join("\n")}
If there is a package for this platform, npm installs it with ${NAME}, unless optional dependencies
are omitted, or the lock file comes from another platform. Otherwise, clone the repository and
build the addon with a Rust toolchain: npm ci && npm run build
If a bundler has moved this file out of its package, mark ${NAME} as external, so that it stays in
node_modules: --external:${NAME} (esbuild), external (Rollup), externals (webpack), or
serverExternalPackages (Next.js)`;
  const cause = failures.find(({ error }) => !isAbsent(error))?.error;
  const error = new Error(message, { cause });
  error.code = "ERR_LINEAR_MEMORY_ADDON_NOT_FOUND";
  return error;
}

function isAbsent(error) {
  return error === undefined || error.code === "MODULE_NOT_FOUND";
}

/**
 * Returns the addon that this process uses: the addon of the copy of this package that was loaded first. Each
 * addon has a table of what is mapped at which address, and would not see what another one maps.
 */
function firstLoaded(addon) {
  const first = addon.firstCopy?.() ?? null;
  if (first === null) return addon;
  if (!first.isCompatible) {
    const error = new Error(
      `${NAME}: this process has already loaded another version of this package, whose addon this version cannot use: ${first.path}
Make all packages depend on one version of ${NAME} ("npm ls ${NAME}" lists them).`,
    );
    error.code = "ERR_LINEAR_MEMORY_INCOMPATIBLE_COPY";
    throw error;
  }
  try {
    return require(first.path);
  } catch {
    // The file is gone by now, but the addon is still loaded.
    const module = { exports: {} };
    process.dlopen(module, first.path);
    return module.exports;
  }
}

module.exports = firstLoaded(load());
