"use strict";

// Packs what is published into target/package/: a package for each platform, and the main one, which
// has them as optional dependencies.
//   node scripts/pack.js                 packs the platforms whose addons are in the project's folder
//   node scripts/pack.js <folder> --all  packs all platforms, with addons of that folder; fails if one is missing
// package.json has no optional dependencies: unpublished ones would break `npm ci`.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { parseArgs } = require("node:util");

const { bundle, withPackedEntries } = require("./bundle");
const { repositoryFields } = require("./repository");

const root = path.join(__dirname, "..");
const output = path.join(root, "target", "package");
const staged = path.join(output, "main");

const { values: options, positionals } = parseArgs({
  options: { all: { type: "boolean", default: false } },
  allowPositionals: true,
});
const addons = path.resolve(positionals[0] ?? root);

const manifest = withPackedEntries({
  ...require("../package.json"),
  ...repositoryFields(process.env),
});

function run(command, args, cwd = root) {
  return execFileSync(command, args, {
    cwd,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
}

/** Creates the folders of the platforms' packages by napi-rs, without addons, and returns them. */
function makePlatformFolders() {
  const cli = path.join(root, "node_modules", "@napi-rs", "cli", "dist", "cli.js");
  run(process.execPath, [cli, "create-npm-dirs"], staged);
  const folder = path.join(staged, "npm");
  return fs.readdirSync(folder).map((name) => path.join(folder, name));
}

/** Adds the addon to a platform's folder, and returns whether it exists. */
function addAddon(folder) {
  const file = path.join(folder, "package.json");
  const contents = JSON.parse(fs.readFileSync(file, "utf8"));
  const { name, main } = contents;
  const addon = path.join(addons, main);
  if (!fs.existsSync(addon)) {
    if (options.all) throw new Error(`${name}: there is no ${addon}`);
    return false;
  }
  fs.copyFileSync(addon, path.join(folder, main));
  fs.copyFileSync(addon, path.join(staged, main)); // For tests; it is not packed there.
  for (const text of ["LICENSE", "THIRD-PARTY.md"])
    fs.copyFileSync(path.join(root, text), path.join(folder, text));
  contents.files.push("THIRD-PARTY.md");
  writeManifest(contents, file);
  return true;
}

/** Copies the files that npm would pack, and bundles the JavaScript. */
function stage() {
  run(process.execPath, [path.join(__dirname, "build-examples.js")]);
  const [{ files }] = JSON.parse(run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"]));
  const bundled = bundle(staged);
  for (const { path: file } of files) {
    if (!bundled.includes(file)) fs.cpSync(path.join(root, file), path.join(staged, file));
  }
}

function writeManifest(contents, file = path.join(staged, "package.json")) {
  fs.writeFileSync(file, `${JSON.stringify(contents, null, 2)}\n`);
}

function pack(folder) {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", output];
  const [packed] = JSON.parse(run("npm", args, folder));
  const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
  const { name, version, files, size, unpackedSize } = packed;
  console.log(`${name}@${version}: ${kib(size)}, ${files.length} files, ${kib(unpackedSize)}`);
  return { name, version };
}

fs.rmSync(output, { recursive: true, force: true });
fs.mkdirSync(staged, { recursive: true });
stage();
writeManifest(manifest);
const present = makePlatformFolders().filter(addAddon).map(pack);

manifest.files = manifest.files.filter((file) => fs.existsSync(path.join(staged, file)));
manifest.files.push("core.js", "later.js");
for (const key of ["scripts", "devDependencies", "overrides", "napi"]) delete manifest[key];
manifest.optionalDependencies = Object.fromEntries(
  present.map(({ name, version }) => [name, version]),
);
writeManifest(manifest);
pack(staged);
