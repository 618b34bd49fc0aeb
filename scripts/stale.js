"use strict";

const fs = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "..");

/** Lists the files in a folder of the project, recursively. */
function filesIn(folder) {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)));
}

/** Returns whether a product is missing, or older than a source. */
function isStale(sources, products) {
  const time = (file) =>
    fs.statSync(path.join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const oldest = products.length === 0 ? 0 : Math.min(...products.map(time));
  return oldest < Math.max(...sources.map(time));
}

module.exports = { root, filesIn, isStale };
