"use strict";

// Temporary files, and what this process has open or mapped of them.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

/** Creates a temporary directory, with a function that creates or only names files in it. */
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

/** Returns the descriptors of this process, with the paths of their files. */
function descriptors() {
  return fs.readdirSync("/proc/self/fd").map((descriptor) => {
    try {
      return [descriptor, fs.readlinkSync(`/proc/self/fd/${descriptor}`)];
    } catch {
      return [descriptor, ""]; // of the directory listing itself, closed by now
    }
  });
}

/** Returns the descriptors that are open on a file. */
function descriptorsOf(file) {
  return descriptors().flatMap(([descriptor, target]) => (target === file ? [descriptor] : []));
}

/** Returns the open files whose paths begin with `directory`. */
function openFilesWithin(directory) {
  return descriptors().flatMap(([, target]) => (target.startsWith(directory) ? [target] : []));
}

/** Returns how many mappings a file has in this process. */
function mappingCountOf(file) {
  const maps = fs.readFileSync("/proc/self/maps", "utf8").split("\n");
  return maps.filter((line) => line.endsWith(file)).length;
}

module.exports = { useFiles, openFilesWithin, descriptorsOf, mappingCountOf };
