"use strict";

const { show, isObject } = require("./webidl/convert");
const { defineInterface, illegalConstructor } = require("./webidl/interface");
const { createPlatformObject, ExistingObject } = require("./webidl/platform-object");
const { TypeError } = require("./built-ins/primordials");
// At once, not when it is called: a program can replace the module loader before.
const { readSnapshot, writeSnapshot } = require("./operations/snapshot-file");

/** A frozen image of the bytes of a memory, with the type of that memory. */
class Snapshot extends null {
  constructor() {
    throw illegalConstructor(
      "Snapshot",
      "memory.snapshot() and Snapshot.open() make them, not new",
    );
  }

  static open(file) {
    return createSnapshot(readSnapshot(file));
  }

  get byteLength() {
    return imageOf(this, "Snapshot.byteLength").byteLength;
  }

  save(file) {
    writeSnapshot(imageOf(this, "Snapshot.save()"), file);
  }
}

/** Holds the image of a Snapshot. */
class ImageSlot extends ExistingObject {
  #image;

  constructor(object, image) {
    super(object);
    this.#image = image;
  }

  static isIn(object) {
    return #image in object;
  }

  static get(object) {
    return object.#image;
  }
}

function isSnapshot(value) {
  return isObject(value) && ImageSlot.isIn(value);
}

/** Returns the image of a Snapshot, for `member`; throws if `value` is not a Snapshot. */
function imageOf(value, member) {
  if (isSnapshot(value)) return ImageSlot.get(value);
  throw new TypeError(`${member}: expected a Snapshot, got ${show(value)}`);
}

/**
 * Creates the Snapshot of an image: the addon's handle of it, what keeps it alive, its length in bytes, and
 * the type of the memory.
 */
function createSnapshot(image) {
  const snapshot = createPlatformObject(Snapshot);
  new ImageSlot(snapshot, image);
  return snapshot;
}

defineInterface(Snapshot, "Snapshot");

module.exports = { Snapshot, createSnapshot, isSnapshot, imageOf };
