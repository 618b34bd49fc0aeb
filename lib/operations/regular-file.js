"use strict";

const { S_IFDIR, S_IFMT, S_IFREG, getSystemErrorName } = require("../built-ins/node");
const { typeError, setOwn } = require("../built-ins/errors");

/**
 * Throws unless `mode` is that of a regular file. Other files can neither be mapped nor be read as a whole.
 *
 * @param {number} mode
 * @param {string} path
 * @param {string} member
 */
function requireFile(mode, path, member) {
  const kind = mode & S_IFMT;
  if (kind === S_IFREG) return;
  const isFolder = kind === S_IFDIR;
  const code = isFolder ? "EISDIR" : "ENODEV";
  const message = isFolder ? "illegal operation on a directory" : "not a regular file";
  const error = typeError(code, `${code}: ${message}, ${member} '${path}'`);
  setOwn(error, "errno", errnoOf(code));
  setOwn(error, "syscall", "mmap");
  setOwn(error, "path", path);
  throw error;
}

const LAST_ERRNO = 4095; // On Windows, the numbers of Node.js begin at 4,000.

/**
 * Returns the number that Node.js has for an error code. Loading `node:os` would take longer.
 *
 * @param {string} code
 */
function errnoOf(code) {
  for (let errno = -1; errno >= -LAST_ERRNO; errno--) {
    if (getSystemErrorName(errno) === code) return errno;
  }
  return undefined;
}

module.exports = { requireFile };
