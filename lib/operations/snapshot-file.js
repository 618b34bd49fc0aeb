"use strict";

// Reads and writes snapshot files. The addon defines their format: src/files/snapshot_file/mod.rs.

const { PAGE, show } = require("../webidl/convert");
const { call } = require("../addon/errors");
const { pathOfUrl } = require("./file-url");
const { openImage, saveImage } = require("../../native");
const { O_NONBLOCK, O_RDONLY, closeSync, fstatSync, openSync } = require("../built-ins/node");
const { typeError } = require("../built-ins/errors");
const { NumberIsSafeInteger, StringPrototypeIncludes } = require("../built-ins/primordials");
const { requireFile } = require("./regular-file");

/**
 * @import { Image } from "../../native"
 * @import { MemoryType } from "../webidl/descriptor"
 */

/**
 * An image, and the type of the memory that it was captured from.
 *
 * @typedef {Image & { type: MemoryType }} TypedImage
 */

const OPEN = "Snapshot.open()";
const SAVE = "Snapshot.save()";

/**
 * Reads a snapshot file. Returns its image, with the type of the memory that it was captured from.
 *
 * @param {unknown} file
 * @returns {TypedImage}
 */
function readSnapshot(file) {
  const path = toPath(file, OPEN);
  // With O_NONBLOCK, opening a pipe does not wait for its other end.
  const descriptor = openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    const options = { __proto__: null, bigint: /** @type {const} */ (false) };
    requireFile(fstatSync(descriptor, options).mode, path, OPEN);
    const { flags, maximum, ...image } = call(`${OPEN}: ${path}`, () => openImage(descriptor));
    return { ...image, type: typeFrom(flags, maximum, image.byteLength, path) };
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Writes a snapshot file. Only the addon does this: functions of Node.js call others that a program can replace.
 *
 * @param {TypedImage} image
 * @param {unknown} file
 */
function writeSnapshot({ id, owner, type }, file) {
  const path = toPath(file, SAVE);
  call(`${SAVE}: ${path}`, () => saveImage(id, owner, path, flagsOf(type), type.maximum ?? 0));
}

/**
 * Converts a path or a URL to a path. Refuses bytes and descriptors, which `node:fs` accepts as well.
 *
 * @param {unknown} file
 * @param {string} member
 */
function toPath(file, member) {
  const path = pathOfUrl(file);
  if (path !== undefined) return path;
  if (typeof file !== "string") {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${member}: expected a path or a file URL, got ${show(file)}`,
    );
  }
  if (!StringPrototypeIncludes(file, "\0")) return file;
  throw typeError(
    "ERR_INVALID_ARG_VALUE",
    `${member}: expected a path without null bytes, got ${show(file)}`,
  );
}

// The flags by which a snapshot file describes the type of the memory.
const IS_64 = 1;
const IS_SHARED = 2;
const HAS_MAXIMUM = 4;

/** @param {MemoryType} type */
function flagsOf({ address, shared, maximum }) {
  return (
    (address === "i64" ? IS_64 : 0) |
    (shared ? IS_SHARED : 0) |
    (maximum === undefined ? 0 : HAS_MAXIMUM)
  );
}

const ALL_FLAGS = IS_64 | IS_SHARED | HAS_MAXIMUM;

/**
 * Returns the type that a snapshot file describes; throws if no memory of that length can have it.
 *
 * @param {number} flags
 * @param {number} maximum
 * @param {number} byteLength
 * @param {string} file
 * @returns {MemoryType}
 */
function typeFrom(flags, maximum, byteLength, file) {
  const isLimited = (flags & HAS_MAXIMUM) !== 0;
  const isShared = (flags & IS_SHARED) !== 0;
  const isMaximum = NumberIsSafeInteger(maximum) && maximum * PAGE >= byteLength;
  if (flags > ALL_FLAGS || (isLimited ? !isMaximum : isShared)) {
    throw typeError(
      "ERR_LINEAR_MEMORY_SNAPSHOT_DAMAGED",
      `Snapshot.open(): ${file}: a damaged snapshot file: no memory has its type`,
    );
  }
  return {
    address: flags & IS_64 ? "i64" : "i32",
    maximum: isLimited ? maximum : undefined,
    shared: isShared,
  };
}

module.exports = { readSnapshot, writeSnapshot };
