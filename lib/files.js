"use strict";

// Files as programs name them, opened. Errors of the system are Node's own, with its codes.

const fs = require("node:fs");
const { constants } = require("node:os");
const { types } = require("node:util");

const { show, isObject } = require("./convert");
const { features } = require("./features");

const { O_RDONLY, O_RDWR, O_CREAT, O_NONBLOCK = 0 } = fs.constants;

/**
 * Opens a file, calls `action` with its descriptor and what `fstat` says of it, and closes it again.
 * A number is a descriptor already, and stays open.
 */
function withFile(file, flags, member, action) {
  if (!features.mappedFiles) {
    throw new TypeError(`${member}: this system cannot put a file's pages in place of a memory's`);
  }
  if (typeof file === "number") return action(file, statOfFile(file, file, member));
  checkPath(file, member);
  // Does not wait for the other end of a pipe.
  const descriptor = fs.openSync(file, flags | O_NONBLOCK, 0o600);
  try {
    return action(descriptor, statOfFile(descriptor, file, member));
  } finally {
    fs.closeSync(descriptor);
  }
}

function checkPath(path, member) {
  if (typeof path === "string" || Buffer.isBuffer(path) || path instanceof URL) return;
  if (isObject(path) && types.isUint8Array(path)) return;
  throw new TypeError(`${member}: expected a path, got ${show(path)}`);
}

function statOfFile(descriptor, file, member) {
  const stat = fs.fstatSync(descriptor);
  if (stat.isFile()) return stat;
  throw notFile(stat.isDirectory(), file, member);
}

/** An error for what is there, but has no bytes to be mapped or read as a whole. */
function notFile(isDirectory, file, member) {
  const [code, message] = isDirectory
    ? ["EISDIR", "illegal operation on a directory"]
    : ["ENODEV", "no regular file"];
  const error = new TypeError(`${code}: ${message}, ${member} '${file}'`);
  return Object.assign(error, {
    errno: -constants.errno[code],
    code,
    syscall: "mmap",
    path: file,
  });
}

module.exports = { withFile, notFile, O_RDONLY, O_RDWR, O_CREAT };
