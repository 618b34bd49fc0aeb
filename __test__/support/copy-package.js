"use strict";

// Installs another copy of this package, as npm does for two versions that it cannot merge.

const fs = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "..", "..");

/** Copies the files of the package into a new folder in `parent`, and returns that folder. */
function copyPackage(parent, name) {
  const folder = path.join(parent, name);
  fs.mkdirSync(folder);
  for (const entry of fs.readdirSync(root)) {
    if (/^(index|native|register)\.m?js$|^lib$|\.node$/.test(entry)) {
      fs.cpSync(path.join(root, entry), path.join(folder, entry), { recursive: true });
    }
  }
  const manifest = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
  fs.writeFileSync(
    path.join(folder, "package.json"),
    JSON.stringify({ ...manifest, version: "0.0.0-copy" }),
  );
  return folder;
}

module.exports = { copyPackage };
