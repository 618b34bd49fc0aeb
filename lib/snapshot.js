"use strict";

const { show, isObject } = require("./webidl/convert");
const { defineInterface, illegalConstructor } = require("./webidl/interface");
const { createPlatformObject, ExistingObject } = require("./webidl/platform-object");
const { typeError } = require("./built-ins/errors");
// Required when this loads, not when a member is called: a program can have replaced the module loader by then.
const { readSnapshot, writeSnapshot } = require("./operations/snapshot-file");

/** @import { TypedImage } from "./operations/snapshot-file" */

const INVALID_RECEIVER = "ERR_LINEAR_MEMORY_INVALID_RECEIVER";

/** A frozen image of the bytes of a memory, with the type of that memory. */
class Snapshot extends null {
  constructor() {
    throw illegalConstructor(
      "Snapshot",
      "cannot be created with new; call memory.snapshot() or Snapshot.open()",
    );
  }

  /** @param {unknown} file */
  static open(file) {
    return createSnapshot(readSnapshot(file));
  }

  get byteLength() {
    return imageOf(this, "Snapshot.byteLength", INVALID_RECEIVER).byteLength;
  }

  /** @param {unknown} file */
  save(file) {
    writeSnapshot(imageOf(this, "Snapshot.save()", INVALID_RECEIVER), file);
  }
}

/** Holds the image of a Snapshot. */
class ImageSlot extends ExistingObject {
  #image;

  /**
   * @param {object} object
   * @param {TypedImage} image
   */
  constructor(object, image) {
    super(object);
    this.#image = image;
  }

  /**
   * @param {object} object
   * @returns {object is ImageSlot}
   */
  static isIn(object) {
    return #image in object;
  }

  /** @param {unknown} object */
  static get(object) {
    return /** @type {ImageSlot} */ (object).#image;
  }
}

/** @param {unknown} value */
function isSnapshot(value) {
  return isObject(value) && ImageSlot.isIn(value);
}

/**
 * Returns the image of a Snapshot, for `member`; throws if `value` is not a Snapshot.
 *
 * @param {unknown} value
 * @param {string} member
 * @param {string} [code]
 */
function imageOf(value, member, code = "ERR_LINEAR_MEMORY_INVALID_ARGUMENT") {
  if (isSnapshot(value)) return ImageSlot.get(value);
  throw typeError(code, `${member}: expected a Snapshot, got ${show(value)}`);
}

/**
 * Creates the Snapshot of an image.
 *
 * @param {TypedImage} image
 */
function createSnapshot(image) {
  const snapshot = createPlatformObject(Snapshot);
  new ImageSlot(snapshot, image);
  return snapshot;
}

defineInterface(Snapshot, "Snapshot");

module.exports = { Snapshot, createSnapshot, isSnapshot, imageOf };
