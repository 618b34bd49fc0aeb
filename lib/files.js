"use strict";

// Opens files as programs name them. Errors of the system are Node's own, with its codes. What a program
// can replace is taken when this module is loaded.

const {
  constants: { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NONBLOCK = 0, S_IFMT, S_IFREG, S_IFDIR },
  closeSync,
  fstatSync,
  openSync,
  realpathSync: { native: realpath },
  statSync,
  unlinkSync,
} = require("node:fs");
const {
  constants: { errno: numbers },
} = require("node:os");
const { fileURLToPath, URL } = require("node:url");
const {
  TextDecoder,
  types: { isUint8Array },
} = require("node:util");

const { show } = require("./convert");
const { features } = require("./features");

const { apply, getOwnPropertyDescriptor } = Reflect;
const { isInteger } = Number;
const { Uint8Array: Bytes } = globalThis;
const getHref = getOwnPropertyDescriptor(URL.prototype, "href").get;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const { decode } = TextDecoder.prototype;

const LAST_DESCRIPTOR = 2 ** 31 - 1;

/**
 * Converts what names a file. Returns its place, as `node:fs` takes it: a string, bytes or the number of a
 * descriptor; and the text that stands for it in errors and in tokens. Both are of no further concern to
 * the program: nothing that it does later changes them, and no code of it runs when they are used.
 */
function readSource(file, member) {
  if (typeof file === "string") return { place: file, text: file };
  if (typeof file === "number") {
    if (!isInteger(file) || file < 0 || file > LAST_DESCRIPTOR) {
      throw new RangeError(
        `${member}: expected a descriptor of 0 to ${LAST_DESCRIPTOR}, got ${file}`,
      );
    }
    return { place: file, text: `${file}` };
  }
  if (isUint8Array(file)) {
    const place = new Bytes(file);
    return { place, text: apply(decode, decoder, [place]) };
  }
  const href = hrefOf(file);
  if (href === undefined) throw new TypeError(`${member}: expected a path, got ${show(file)}`);
  const path = fileURLToPath(href);
  return { place: path, text: path };
}

/** Returns the text of a URL, or undefined if `value` is not a URL. Runs no code of the program. */
function hrefOf(value) {
  try {
    return apply(getHref, value, []);
  } catch {
    return undefined;
  }
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
    const { dev, ino, size } = fstatSync(descriptor, { bigint: true });
    const named = statSync(path, { bigint: true });
    if (size === 0n && named.dev === dev && named.ino === ino) unlinkSync(path);
  } catch ({ code, message }) {
    if (code !== "ENOENT") error.message += `; the new file could not be removed: ${message}`;
  }
}

/** Returns the length of the file; throws unless it is a regular one. */
function lengthOf(descriptor, text, member) {
  const { mode, size } = fstatSync(descriptor);
  requireFile(mode, text, member);
  return size;
}

/** Throws unless that is the mode of a regular file: nothing else can be mapped, or read as a whole. */
function requireFile(mode, text, member) {
  const kind = mode & S_IFMT;
  if (kind === S_IFREG) return;
  const [code, message] =
    kind === S_IFDIR
      ? ["EISDIR", "illegal operation on a directory"]
      : ["ENODEV", "not a regular file"];
  const error = new TypeError(`${code}: ${message}, ${member} '${text}'`);
  error.errno = -numbers[code];
  error.code = code;
  error.syscall = "mmap";
  error.path = text;
  throw error;
}

module.exports = { readSource, withFile, requireFile };
