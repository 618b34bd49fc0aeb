"use strict";

const { show, isObject } = require("./convert");
const { readSnapshot, writeSnapshot } = require("./snapshot-file");

// What the next Snapshot is of. Programs cannot make any.
let taken;

let isSnapshot;

// What a Snapshot is of; throws where `value` is none.
let imageOf;

/** A frozen image of a memory's bytes, and the type of that memory. */
class Snapshot {
  #image;

  constructor() {
    if (taken === undefined) {
      throw new TypeError("Snapshot: memory.snapshot() and Snapshot.open() make them, not new");
    }
    this.#image = taken;
  }

  static open(file) {
    return snapshotOf(readSnapshot(file));
  }

  get byteLength() {
    return imageOf(this, "Snapshot.byteLength").byteLength;
  }

  save(file) {
    writeSnapshot(imageOf(this, "Snapshot.save()"), file);
  }

  static {
    isSnapshot = (value) => isObject(value) && #image in value;

    imageOf = (value, member) => {
      if (isSnapshot(value)) return value.#image;
      throw new TypeError(`${member}: expected a Snapshot, got ${show(value)}`);
    };
  }
}

/** A Snapshot of an image: its number, what keeps it alive, its length, the type of its memory. */
function snapshotOf(image) {
  taken = image;
  try {
    return new Snapshot();
  } finally {
    taken = undefined;
  }
}

for (const member of ["byteLength", "save"]) {
  Object.defineProperty(Snapshot.prototype, member, { enumerable: true });
}
Object.defineProperty(Snapshot, "open", { enumerable: true });
Object.defineProperty(Snapshot.prototype, Symbol.toStringTag, {
  value: "Snapshot",
  configurable: true,
});

module.exports = { Snapshot, snapshotOf, isSnapshot, imageOf };
