"use strict";

const { randomUUID } = require("node:crypto");
const fs = require("node:fs");
const { fileURLToPath } = require("node:url");

const { show, isObject } = require("./convert");
const { translate } = require("./errors");
const native = require("../native");

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

  static open(path) {
    const descriptor = fs.openSync(path, "r");
    try {
      const { flags, maximum, ...image } = attempt("Snapshot.open()", path, () =>
        native.openImage(descriptor),
      );
      return snapshotOf({ ...image, type: typeFrom(flags, maximum) });
    } finally {
      fs.closeSync(descriptor);
    }
  }

  get byteLength() {
    return imageOf(this, "Snapshot.byteLength").byteLength;
  }

  save(path) {
    const { id, owner, type } = imageOf(this, "Snapshot.save()");
    const target = path instanceof URL ? fileURLToPath(path) : path;
    // Beside it, and then in its place: whoever opens it finds the one before, or this one whole.
    const draft = `${target}.${randomUUID()}`;
    const descriptor = fs.openSync(draft, "wx", 0o600);
    try {
      try {
        attempt("Snapshot.save()", path, () =>
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

function typeFrom(flags, maximum) {
  return {
    address: flags & IS_64 ? "i64" : "i32",
    maximum: flags & HAS_MAXIMUM ? maximum : undefined,
    shared: (flags & IS_SHARED) !== 0,
  };
}

function attempt(member, path, action) {
  try {
    return action();
  } catch (error) {
    throw translate(error, `${member}: ${path}`);
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
