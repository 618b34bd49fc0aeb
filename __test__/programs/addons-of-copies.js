"use strict";

// Which addon each of two copies of the package uses, whose folders are given.

const fs = require("node:fs");
const path = require("node:path");

const [first, second] = process.argv.slice(2).map((folder) => path.join(folder, "native.js"));

/** Images are numbered by the addon, one after the other. */
function nextNumber(native) {
  return native.capture(new ArrayBuffer(0)).id;
}

const one = require(first);
nextNumber(one); // The first call numbers more than the image.
const same = nextNumber(require(second)) === nextNumber(one) - 1;

// As an upgrade does, while the program goes on: the next copy is loaded after that.
for (const file of fs.readdirSync(path.dirname(first))) {
  if (file.endsWith(".node")) fs.rmSync(path.join(path.dirname(first), file));
}
for (const file of Object.keys(require.cache)) delete require.cache[file];
const sameAfterRemoval = nextNumber(require(second)) === nextNumber(one) - 1;

console.log(JSON.stringify({ same, sameAfterRemoval }));
