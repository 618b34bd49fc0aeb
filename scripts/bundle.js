"use strict";

// Bundles the JavaScript of the package into few files, since loading thirty takes several times as long:
// later.js has the modules listed below, and core.js all others. A module is in there as it is, and runs when
// it is first required.
//
// A `require` of the package gets core.js itself, since one more file takes 0.2 ms. An `import` gets index.js,
// which only passes on what core.js exports: Node.js finds the names of an `import` by searching the text of the
// file for assignments to `module.exports`. It would find those of every module in core.js, and on Node.js 20 it
// would take 40 ms for that.
//   node scripts/bundle.js <folder>

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "..");
const ENTRIES = ["index.js", "register.js"];

// Modules that many programs never need. They are only required within functions, when one is needed.
// Every other module is required when the package loads, which has 5 ms for all of them.
const LOADED_LATER = [
  "register.js",
  "lib/engine/memory-type.js",
  "lib/identity/share-token.js",
  "lib/operations/file-source.js",
  "lib/operations/flush.js",
  "lib/operations/map.js",
  "lib/operations/open.js",
  "lib/operations/wait.js",
  "lib/register/imports.js",
  "lib/register/patch.js",
  "lib/register/register.js",
  "lib/register/replacements.js",
  "lib/register/upgrade.js",
  "lib/stores/file-backed.js",
  "lib/stores/hosted.js",
  "lib/stores/resizable.js",
  "lib/stores/shared-reserved.js",
  "lib/stores/sigbus-handler.js",
  "lib/stores/truncation-guard.js",
  "lib/stores/with-mapped-files.js",
  "lib/webidl/open-options.js",
];

/** Writes the package's JavaScript into a folder. Returns the files that it is made of. */
function bundle(folder) {
  const modules = new Map();
  for (const entry of ENTRIES) collect(entry, modules);
  const { atOnce, names } = loadPackage();
  checkList([...modules.keys()], atOnce);
  const definitions = (isWanted) =>
    [...modules].filter(([file]) => isWanted(file)).map(([file, text]) => define(file, text));
  const isLater = (file) => LOADED_LATER.includes(file);
  const core = definitions((file) => !isLater(file));
  write(folder, "core.js", [LOADER, ...core, EXPORTS].join("\n"));
  write(folder, "later.js", [DEFINE_LATER, ...definitions(isLater), "};"].join("\n"));
  // As words, in which an `import` finds the names. The assignment does not run.
  const named = `0 && (module.exports = { ${names} });`;
  write(
    folder,
    "index.js",
    `const core = require("./core.js");\n\n${named}\nmodule.exports = core;`,
  );
  write(folder, "register.js", REGISTER);
  return [...modules.keys()];
}

/** Adds a module, and those that it requires, under their paths in the package. */
function collect(file, modules) {
  if (modules.has(file)) return;
  modules.set(file, ""); // its place, in a circle of modules
  const text = fs.readFileSync(path.join(root, file), "utf8");
  const inPlace = text.replace(/\brequire\("(\.[^"]*)"\)/g, (_, name) => {
    const required = resolve(file, name);
    collect(required, modules);
    return `load("${required}")`;
  });
  modules.set(file, inPlace);
}

/** Loads the package in a process of its own. Returns the modules that run then, and what it exports. */
function loadPackage() {
  const program = `
    const names = Object.keys(require(process.cwd())).join(", ");
    console.log(JSON.stringify({ files: Object.keys(require.cache), names }));`;
  const output = execFileSync(process.execPath, ["-e", program], { cwd: root, encoding: "utf8" });
  const { files, names } = JSON.parse(output);
  return { atOnce: files.map(nameOf), names };
}

/** Throws unless the list has all modules that do not run when the package loads, and no others. */
function checkList(files, atOnce) {
  const errors = [
    ...LOADED_LATER.filter((file) => !files.includes(file)).map(
      (file) => `${file} is not required`,
    ),
    ...LOADED_LATER.filter((file) => atOnce.includes(file)).map(
      (file) => `${file} is required when the package loads: require it within a function`,
    ),
    ...files
      .filter((file) => !atOnce.includes(file) && !LOADED_LATER.includes(file))
      .map((file) => `${file} is missing: it is not required when the package loads`),
  ];
  if (errors.length > 0) {
    throw new Error(`LOADED_LATER in scripts/bundle.js:\n  ${errors.join("\n  ")}`);
  }
}

function resolve(file, name) {
  return nameOf(require.resolve(path.join(root, path.dirname(file), name)));
}

/** Returns the path of a module in the package, by which it is known in the bundle. */
function nameOf(file) {
  return path.relative(root, file).replaceAll(path.sep, "/");
}

const LOADER = `const modules = {};
const loaded = {};

function load(file) {
  if (loaded[file] === undefined) {
    if (modules[file] === undefined) require("./later.js")(modules, load);
    loaded[file] = { exports: {} };
    modules[file](loaded[file]);
  }
  return loaded[file].exports;
}
`;

// register.js needs the modules that core.js has run, not copies of them.
const EXPORTS = `module.exports = load("index.js");
Object.defineProperty(module.exports, Symbol.for("linear-memory: load"), { value: load });`;

const REGISTER = `const { [Symbol.for("linear-memory: load")]: load } = require("./core.js");

module.exports = load("register.js");`;

const DEFINE_LATER = "module.exports = (modules, load) => {\n";

// Comments on lines of their own, and types: the engine takes some 30 µs to read each kilobyte.
const COMMENTS = /^ *(?:\/\/.*|\/\*\*(?:(?!\*\/)[^])*\*\/)\n|\/\*\* @type (?:(?!\*\/)[^])*\*\/ /gm;

/**
 * Returns the definition of a module. In brackets, the engine compiles the function at once: outside them,
 * it would parse it twice, since it runs.
 */
function define(file, text) {
  const program = text.replace(/^"use strict";\n+/, "").replace(COMMENTS, "");
  return `modules["${file}"] = (function (module) {\n${program}});\n`;
}

function write(folder, file, program) {
  fs.writeFileSync(path.join(folder, file), `"use strict";\n\n${program}\n`);
}

/**
 * Returns a package.json whose entries are the files of the bundle. A `require` in Node.js matches the condition
 * `node-addons`; an `import`, and other tools, get the default.
 */
function withPackedEntries(manifest) {
  const { types, default: imported } = manifest.exports["."];
  const entry = { types, "node-addons": { require: "./core.js" }, default: imported };
  return { ...manifest, main: "core.js", exports: { ...manifest.exports, ".": entry } };
}

module.exports = { bundle, withPackedEntries };
if (require.main === module) bundle(path.resolve(process.argv[2]));
