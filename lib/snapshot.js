"use strict";

const { show, isObject } = require("./webidl/convert");
const { defineInterface, illegalConstructor } = require("./webidl/interface");
const { createPlatformObject, ExistingObject } = require("./webidl/platform-object");
const { TypeError } = require("./built-ins/primordials");
const { readSnapshot, writeSnapshot } = require("./operations/snapshot-file");

/** A frozen image of a memory's bytes, and the type of that memory. Programs cannot make any. */
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

/** Where a Snapshot has its image. */
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

/** What a Snapshot is of; throws if `value` is not one. */
function imageOf(value, member) {
  if (isSnapshot(value)) return ImageSlot.get(value);
  throw new TypeError(`${member}: expected a Snapshot, got ${show(value)}`);
}

/** A Snapshot of an image: its number, what keeps it alive, its length, the type of its memory. */
function createSnapshot(image) {
  const snapshot = createPlatformObject(Snapshot);
  new ImageSlot(snapshot, image);
  return snapshot;
}

defineInterface(Snapshot, { name: "Snapshot" });

module.exports = { Snapshot, createSnapshot, isSnapshot, imageOf };
