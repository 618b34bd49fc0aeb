"use strict";

// Makes few files of all JavaScript of the package, since loading thirty takes several times as long:
// core.js has the modules that are needed at once, and later.js those that are only required within
// functions. Each module is in there as it is, and runs when it is first required.
//
// index.js and register.js only pass on what core.js has. Node.js finds the names of an `import` by
// searching the text of the file for assignments to `module.exports`. It would find those of every module
// in core.js, and on Node.js 20 it would take 40 ms for that.
//   node scripts/bundle.js <folder>

const fs = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "..");
const ENTRIES = ["index.js", "register.js"];

/** Writes the package's JavaScript into a folder; returns the files that it is made of. */
function bundle(folder) {
  const modules = new Map();
  for (const entry of ENTRIES) collect(entry, modules);
  const isAtOnce = requiredAtOnce("index.js", modules);
  const definitions = (wanted) =>
    [...modules]
      .filter(([file]) => isAtOnce.has(file) === wanted)
      .map(([file, { text }]) => define(file, text));
  write(folder, "core.js", [LOADER, ...definitions(true), "module.exports = load;"].join("\n"));
  write(folder, "later.js", [LATER, ...definitions(false), "};"].join("\n"));
  // As words, in which an `import` finds the names.
  const names = Object.keys(require(root)).join(", ");
  const exported = `const { ${names} } = load("index.js");\n\nmodule.exports = { ${names} };`;
  write(folder, "index.js", `${CORE}\n\n${exported}`);
  write(folder, "register.js", `${CORE}\n\nmodule.exports = load("register.js");`);
  return [...modules.keys()];
}

/** Adds a module, and those that it requires, under their paths in the package. */
function collect(file, modules) {
  if (modules.has(file)) return;
  const atOnce = [];
  modules.set(file, { atOnce }); // its place, in a circle of modules
  const text = fs.readFileSync(path.join(root, file), "utf8");
  const inPlace = text.replace(/^(.*)\brequire\("(\.[^"]*)"\)/gm, (_, before, name) => {
    const required = resolve(file, name);
    collect(required, modules);
    // As prettier has it, what is within a function is indented.
    if (!before.startsWith(" ")) atOnce.push(required);
    return `${before}load("${required}")`;
  });
  modules.get(file).text = inPlace;
}

/** The modules that are run when that one is. */
function requiredAtOnce(file, modules, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const required of modules.get(file).atOnce) requiredAtOnce(required, modules, found);
  return found;
}

function resolve(file, name) {
  const found = require.resolve(path.join(root, path.dirname(file), name));
  return path.relative(root, found).replaceAll(path.sep, "/");
}

const LOADER = `const modules = {};
const loaded = {};

function load(file) {
  if (loaded[file] === undefined) {
    if (modules[file] === undefined) require("./later")(modules, load);
    loaded[file] = { exports: {} };
    modules[file](loaded[file]);
  }
  return loaded[file].exports;
}
`;

const CORE = 'const load = require("./core");';

const LATER = "module.exports = (modules, load) => {\n";

// On lines of their own, as all are that are worth reading; the project has them.
const COMMENTS = /^ *(?:\/\/.*|\/\*\*[^]*?\*\/)\n/gm;

/** In brackets, so that the engine does not look at it twice: it runs. */
function define(file, text) {
  const program = text.replace(/^"use strict";\n+/, "").replace(COMMENTS, "");
  return `modules["${file}"] = (function (module) {\n${program}});\n`;
}

function write(folder, file, program) {
  fs.writeFileSync(path.join(folder, file), `"use strict";\n\n${program}\n`);
}

module.exports = { bundle };
if (require.main === module) bundle(path.resolve(process.argv[2]));
