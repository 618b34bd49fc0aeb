"use strict";

// Finds the addon: one that was built here, or the package of this platform, which npm installed with
// this one (`optionalDependencies`).

const NAME = "linear-memory";

// By napi-rs's names. A process with glibc cannot load what needs musl; one with musl can load some of
// what needs glibc, so that comes last.
const ABIS = { linux: ["-musl", "-gnu"], win32: ["-msvc"] };

function load() {
  // Tests load another addon than what is shipped.
  const chosen = process.env.LINEAR_MEMORY_ADDON;
  if (chosen) return require(chosen);

  const platform = `${process.platform}-${process.arch}`;
  const targets = (ABIS[process.platform] ?? [""]).map((abi) => platform + abi);
  const failures = [];
  for (const candidate of [
    ...targets.map((target) => `${__dirname}/${NAME}.${target}.node`),
    ...targets.map((target) => `${NAME}-${target}`),
  ]) {
    try {
      return require(candidate);
    } catch (error) {
      failures.push({ candidate, error });
    }
  }
  throw notFound(platform, failures);
}

function notFound(platform, failures) {
  const lines = failures.map(
    ({ candidate, error }) => `  ${candidate}: ${isAbsent(error) ? "not there" : error.message}`,
  );
  const message = `${NAME}: no addon for ${platform} can be loaded. Looked for:
${lines.join("\n")}
Where there is a package for this platform, npm installs it with ${NAME}, unless it is told to
leave out optional dependencies, or goes by a lock file from another platform. Elsewhere, clone the
repository, and with a Rust toolchain, build it there: npm ci && npm run build`;
  return new Error(message, { cause: failures.find(({ error }) => !isAbsent(error))?.error });
}

function isAbsent({ code }) {
  return code === "MODULE_NOT_FOUND";
}

module.exports = load();
