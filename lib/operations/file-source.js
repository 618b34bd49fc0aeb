"use strict";

// Opens the files that programs name. System errors are thrown as `node:fs` throws them.

const { show } = require("../webidl/convert");
const { features } = require("../engine/features");
const { pathOfUrl } = require("./file-url");
const {
  O_CREAT,
  O_EXCL,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  TextDecoder,
  TextDecoderPrototypeDecode,
  closeSync,
  fstatSync,
  isUint8Array,
  openSync,
  realpath,
  statSync,
  unlinkSync,
} = require("../built-ins/node");
const { typeError, rangeError } = require("../built-ins/errors");
const { NumberIsInteger, Uint8Array } = require("../built-ins/primordials");
const { requireFile } = require("./regular-file");

const DECODING = { __proto__: null, ignoreBOM: true };
const decoder = new TextDecoder("utf-8", DECODING);

const LAST_DESCRIPTOR = 2 ** 31 - 1;

/**
 * A file that a program has named: `file` is a path or a descriptor, for `node:fs`; `name` is a text, for errors
 * and tokens.
 *
 * @typedef {{ file: string | Uint8Array | number, name: string }} Source
 */

/**
 * Converts the argument that names a file. The program cannot change the result later, and using the result runs
 * none of its code.
 *
 * @param {unknown} file
 * @param {string} member
 * @returns {Source}
 */
function readSource(file, member) {
  if (typeof file === "string") return { file, name: file };
  if (typeof file === "number") {
    if (!NumberIsInteger(file) || file < 0 || file > LAST_DESCRIPTOR) {
      throw rangeError(
        "ERR_LINEAR_MEMORY_OUT_OF_RANGE",
        `${member}: expected a descriptor from 0 to ${LAST_DESCRIPTOR}, got ${file}`,
      );
    }
    return { file, name: `${file}` };
  }
  if (isUint8Array(file)) {
    const bytes = new Uint8Array(file);
    return { file: bytes, name: TextDecoderPrototypeDecode(decoder, bytes) };
  }
  const path = pathOfUrl(file);
  if (path === undefined)
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${member}: expected a path, a file URL, bytes or a descriptor, got ${show(file)}`,
    );
  return { file: path, name: path };
}

/**
 * Opens a file, calls `action` with its descriptor and its length, and closes it again. A descriptor that the
 * program gave stays open. If `creates` is true, creates a file that does not exist, and removes it again if
 * `action` throws.
 *
 * @template T
 * @param {Source} source
 * @param {{ isWritten: boolean, creates?: boolean }} how
 * @param {string} member
 * @param {(descriptor: number, length: number) => T} action
 */
function withFile({ file, name }, { isWritten, creates = false }, member, action) {
  if (!features.mappedFiles) {
    throw typeError(
      "ERR_LINEAR_MEMORY_NOT_SUPPORTED",
      `${member}: this system cannot map files into a memory`,
    );
  }
  if (typeof file === "number") return action(file, lengthOf(file, name, member));
  const path = /** @type {string | Buffer} */ (file);
  const { descriptor, created = undefined } = creates
    ? openOrCreate(path)
    : { descriptor: openSync(path, isWritten ? WRITING : READING) };
  try {
    return action(descriptor, lengthOf(descriptor, name, member));
  } catch (error) {
    if (created !== undefined) removeCreated(created, descriptor, error);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

const AS_NUMBERS = { __proto__: null, bigint: /** @type {const} */ (false) };
const AS_BIGINTS = {
  __proto__: null,
  bigint: /** @type {const} */ (true),
  throwIfNoEntry: /** @type {const} */ (true),
};

// With O_NONBLOCK, opening a pipe does not wait for its other end.
const READING = O_RDONLY | O_NONBLOCK;
const WRITING = O_RDWR | O_NONBLOCK;

/**
 * Opens or creates a file to write to. Returns its descriptor and, if it was created, its path.
 *
 * @param {string | Buffer} file
 * @returns {{ descriptor: number, created?: string | Buffer }}
 */
function openOrCreate(file) {
  const descriptor = openIfExists(file) ?? createIfAbsent(file);
  if (descriptor !== undefined) return descriptor;
  const found = openIfExists(file);
  if (found !== undefined) return found;
  // A link to a path that does not exist, which O_EXCL refuses to follow.
  const created = openSync(file, WRITING | O_CREAT, 0o600);
  return { descriptor: created, created: realpath(file, "buffer") };
}

/** @param {string | Buffer} file */
function openIfExists(file) {
  return unless("ENOENT", () => ({ descriptor: openSync(file, WRITING) }));
}

/** @param {string | Buffer} file */
function createIfAbsent(file) {
  return unless("EEXIST", () => ({
    descriptor: openSync(file, WRITING | O_CREAT | O_EXCL, 0o600),
    created: file,
  }));
}

/**
 * Returns what `action` returns, or undefined if it throws an error with that code.
 *
 * @template T
 * @param {string} code
 * @param {() => T} action
 */
function unless(code, action) {
  try {
    return action();
  } catch (error) {
    if (error.code !== code) throw error;
    return undefined;
  }
}

/**
 * Removes a file that was created for an action that threw `error`, unless somebody has written to it.
 *
 * @param {string | Buffer} path
 * @param {number} descriptor
 * @param {Error} error
 */
function removeCreated(path, descriptor, error) {
  try {
    const { dev, ino, size } = fstatSync(descriptor, AS_BIGINTS);
    const named = statSync(path, AS_BIGINTS);
    if (size === 0n && named.dev === dev && named.ino === ino) unlinkSync(path);
  } catch ({ code, message }) {
    if (code !== "ENOENT") error.message += `; the new file could not be removed: ${message}`;
  }
}

/**
 * Returns the length of a file; throws unless it is a regular file.
 *
 * @param {number} descriptor
 * @param {string} name
 * @param {string} member
 */
function lengthOf(descriptor, name, member) {
  const { mode, size } = fstatSync(descriptor, AS_NUMBERS);
  requireFile(mode, name, member);
  return size;
}

module.exports = { readSource, withFile };
