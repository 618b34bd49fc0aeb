"use strict";

// Opens files as programs name them. Errors of the system are Node's own, with its codes.

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
const { NumberIsInteger, RangeError, TypeError, Uint8Array } = require("../built-ins/primordials");
const { requireFile } = require("./regular-file");

const decoder = new TextDecoder("utf-8", { __proto__: null, ignoreBOM: true });

const LAST_DESCRIPTOR = 2 ** 31 - 1;

/**
 * Converts what names a file. Returns its place, as `node:fs` takes it: a string, bytes or the number of a
 * descriptor; and the text that stands for it in errors and in tokens. Both are of no further concern to
 * the program: nothing that it does later changes them, and no code of it runs when they are used.
 */
function readSource(file, member) {
  if (typeof file === "string") return { place: file, text: file };
  if (typeof file === "number") {
    if (!NumberIsInteger(file) || file < 0 || file > LAST_DESCRIPTOR) {
      throw new RangeError(
        `${member}: expected a descriptor of 0 to ${LAST_DESCRIPTOR}, got ${file}`,
      );
    }
    return { place: file, text: `${file}` };
  }
  if (isUint8Array(file)) {
    const place = new Uint8Array(file);
    return { place, text: TextDecoderPrototypeDecode(decoder, place) };
  }
  const path = pathOfUrl(file);
  if (path === undefined) throw new TypeError(`${member}: expected a path, got ${show(file)}`);
  return { place: path, text: path };
}

/**
 * Opens a file, calls `action` with its descriptor and its length, and closes it again. A descriptor of
 * the program's stays open. If `creates` is true, a file that does not exist is made first, and is removed
 * again if `action` throws.
 */
function withFile({ place, text }, { isWritten, creates = false }, member, action) {
  if (!features.mappedFiles) {
    throw new TypeError(`${member}: this system cannot put a file's pages in place of a memory's`);
  }
  if (typeof place === "number") return action(place, lengthOf(place, text, member));
  const { descriptor, made } = creates
    ? openOrMake(place)
    : { descriptor: openSync(place, isWritten ? WRITING : READING) };
  try {
    return action(descriptor, lengthOf(descriptor, text, member));
  } catch (error) {
    if (made !== undefined) unmake(made, descriptor, error);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

const SMALL = { __proto__: null, bigint: false };
const BIG = { __proto__: null, bigint: true, throwIfNoEntry: true };

// Opening a pipe does not wait for its other end.
const READING = O_RDONLY | O_NONBLOCK;
const WRITING = O_RDWR | O_NONBLOCK;

/** Opens a file to write to it. Returns its descriptor and, if it was made, the path that it has. */
function openOrMake(place) {
  const descriptor = openIfThere(place) ?? makeIfAbsent(place);
  if (descriptor !== undefined) return descriptor;
  const found = openIfThere(place);
  if (found !== undefined) return found;
  // A link to what does not exist: O_EXCL refuses to follow it.
  const made = openSync(place, WRITING | O_CREAT, 0o600);
  return { descriptor: made, made: realpath(place, "buffer") };
}

function openIfThere(place) {
  return unless("ENOENT", () => ({ descriptor: openSync(place, WRITING) }));
}

function makeIfAbsent(place) {
  return unless("EEXIST", () => ({
    descriptor: openSync(place, WRITING | O_CREAT | O_EXCL, 0o600),
    made: place,
  }));
}

/** Returns what `action` returns, or undefined if it throws an error with that code. */
function unless(code, action) {
  try {
    return action();
  } catch (error) {
    if (error.code !== code) throw error;
    return undefined;
  }
}

/** Removes a file that was made for what failed with `error`, unless somebody has written to it. */
function unmake(path, descriptor, error) {
  try {
    const { dev, ino, size } = fstatSync(descriptor, BIG);
    const named = statSync(path, BIG);
    if (size === 0n && named.dev === dev && named.ino === ino) unlinkSync(path);
  } catch ({ code, message }) {
    if (code !== "ENOENT") error.message += `; the new file could not be removed: ${message}`;
  }
}

/** Returns the length of the file; throws unless it is a regular one. */
function lengthOf(descriptor, text, member) {
  const { mode, size } = fstatSync(descriptor, SMALL);
  requireFile(mode, text, member);
  return size;
}

module.exports = { readSource, withFile };
