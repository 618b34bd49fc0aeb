"use strict";

// The files of snapshots, read and written whole. Which bytes are where in one, the addon knows.

const fs = require("node:fs");
const path = require("node:path");

const { PAGE, show } = require("./convert");
const { translate } = require("./errors");
const native = require("../native");

/** The image that a file has, and the type of the memory that it was of. */
function readSnapshot(file) {
  const descriptor = fs.openSync(toPath(file, "Snapshot.open()"), "r");
  try {
    const { flags, maximum, ...image } = attempt("Snapshot.open()", file, () =>
      native.openImage(descriptor),
    );
    return { ...image, type: typeFrom(flags, maximum, image.byteLength, file) };
  } finally {
    fs.closeSync(descriptor);
  }
}

function writeSnapshot({ id, owner, type }, file) {
  const target = toPath(file, "Snapshot.save()");
  // Beside it, and then in its place: whoever opens it finds the one before, or this one whole.
  const draft = path.join(path.dirname(target), `.snapshot-${crypto.randomUUID()}`);
  const descriptor = fs.openSync(draft, "wx", 0o600);
  try {
    try {
      attempt("Snapshot.save()", file, () =>
        native.saveImage(id, owner, descriptor, flagsOf(type), type.maximum ?? 0),
      );
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
    fs.renameSync(draft, target);
  } catch (error) {
    fs.rmSync(draft, { force: true });
    throw error;
  }
}

/** Of what `node:fs` takes as paths, those that say where a file's folder is. */
function toPath(file, member) {
  if (typeof file === "string") return file;
  if (file instanceof URL) return require("node:url").fileURLToPath(file);
  throw new TypeError(`${member}: expected a path or a file's URL, got ${show(file)}`);
}

// How a file says what the memory was.
const IS_64 = 1;
const IS_SHARED = 2;
const HAS_MAXIMUM = 4;

function flagsOf({ address, shared, maximum }) {
  return (
    (address === "i64" ? IS_64 : 0) |
    (shared ? IS_SHARED : 0) |
    (maximum === undefined ? 0 : HAS_MAXIMUM)
  );
}

const ALL_FLAGS = IS_64 | IS_SHARED | HAS_MAXIMUM;

/** The type that a file names; throws where no memory of that length could have it. */
function typeFrom(flags, maximum, byteLength, file) {
  const isLimited = (flags & HAS_MAXIMUM) !== 0;
  const isShared = (flags & IS_SHARED) !== 0;
  const isMaximum = Number.isSafeInteger(maximum) && maximum * PAGE >= byteLength;
  if (flags > ALL_FLAGS || (isLimited ? !isMaximum : isShared)) {
    throw new TypeError(`Snapshot.open(): ${file}: a snapshot of a type that no memory has`);
  }
  return {
    address: flags & IS_64 ? "i64" : "i32",
    maximum: isLimited ? maximum : undefined,
    shared: isShared,
  };
}

function attempt(member, file, action) {
  try {
    return action();
  } catch (error) {
    throw translate(error, `${member}: ${file}`);
  }
}

module.exports = { readSnapshot, writeSnapshot };
