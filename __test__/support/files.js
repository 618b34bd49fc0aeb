"use strict";

// Files of a test's own, in a directory that goes when the tests have run.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

/** Gives a function that names a new file, of these bytes if any. */
function useFiles() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));
  let count = 0;
  const newFile = (content = undefined) => {
    const file = path.join(directory, `file-${count++}`);
    if (content !== undefined) fs.writeFileSync(file, content);
    return file;
  };
  return { directory, newFile, removeFiles: () => fs.rmSync(directory, { recursive: true }) };
}

/** The descriptors of this process, and what they are open on. */
function descriptors() {
  return fs.readdirSync("/proc/self/fd").map((descriptor) => {
    try {
      return [descriptor, fs.readlinkSync(`/proc/self/fd/${descriptor}`)];
    } catch {
      return [descriptor, ""]; // the one by which the directory was read
    }
  });
}

/** Those of a file. */
function descriptorsOf(file) {
  return descriptors().flatMap(([descriptor, target]) => (target === file ? [descriptor] : []));
}

/** What this process has open of what is in `directory`. */
function openWithin(directory) {
  return descriptors().flatMap(([, target]) => (target.startsWith(directory) ? [target] : []));
}

/** How many mappings are of that file. */
function mappingsOf(file) {
  const maps = fs.readFileSync("/proc/self/maps", "utf8").split("\n");
  return maps.filter((line) => line.endsWith(file)).length;
}

module.exports = { useFiles, openWithin, descriptorsOf, mappingsOf };
