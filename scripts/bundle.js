"use strict";

// Makes one file of all JavaScript of the package, since loading thirty takes twice as long. The modules
// are in it as they are, each run when it is first required. What is exported stays in files of its own,
// in which an `import` finds the names.
//   node scripts/bundle.js <folder>

const fs = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "..");
const ENTRIES = ["index.js", "register.js"];

/** Writes the package's JavaScript into a folder. */
function bundle(folder) {
  const modules = new Map();
  for (const entry of ENTRIES) collect(entry, modules);
  const definitions = [...modules].map(([file, text]) => define(file, text));
  const exported = ENTRIES.map(
    (file) => `exports.${path.parse(file).name} = () => load("${file}");`,
  );
  write(folder, "bundle.js", [LOADER, ...definitions, ...exported].join("\n"));

  const names = Object.keys(require(root)).join(", ");
  const index = `const { ${names} } = require("./bundle").index();`;
  write(folder, "index.js", `${index}\n\nmodule.exports = { ${names} };`);
  write(folder, "register.js", 'module.exports = require("./bundle").register();');
}

/** Adds a module's text, and those of what it requires, under their paths in the package. */
function collect(file, modules) {
  if (modules.has(file)) return;
  modules.set(file, undefined); // its place, in a circle of modules
  const text = fs.readFileSync(path.join(root, file), "utf8");
  const inPlace = text.replace(/\brequire\("(\.[^"]*)"\)/g, (_, name) => {
    const required = resolve(file, name);
    collect(required, modules);
    return `load("${required}")`;
  });
  modules.set(file, inPlace);
}

function resolve(file, name) {
  const found = require.resolve(path.join(root, path.dirname(file), name));
  return path.relative(root, found).replaceAll(path.sep, "/");
}

const LOADER = `const modules = {};
const loaded = {};

function load(file) {
  if (loaded[file] === undefined) {
    loaded[file] = { exports: {} };
    modules[file](loaded[file]);
  }
  return loaded[file].exports;
}
`;

function define(file, text) {
  const program = text.replace(/^"use strict";\n+/, "");
  return `modules["${file}"] = (module) => {\n${program}};\n`;
}

function write(folder, file, program) {
  fs.writeFileSync(path.join(folder, file), `"use strict";\n\n${program}\n`);
}

module.exports = { bundle };
if (require.main === module) bundle(path.resolve(process.argv[2]));
