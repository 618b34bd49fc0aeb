"use strict";

// Memories of all kinds, each with a plain array of its expected bytes. Every operation is applied to both,
// and they are compared.

const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");

const PAGE = 65_536;
const SYSTEM_PAGE = 4096;
const MAX_PAGES = 40;

/** More pages than any engine can host. */
const UNHOSTABLE = 300_000;

const { resize, transfer } = ArrayBuffer.prototype;

/** The expected bytes and type of the memory of one or more handles, from different copies of the package. */
class Body {
  constructor({ size, ...rest }) {
    Object.assign(this, { address: "i32", shared: false }, rest);
    this.bytes = Buffer.alloc(size * PAGE);
  }

  get size() {
    return this.bytes.length / PAGE;
  }

  grow(delta) {
    this.bytes = Buffer.concat([this.bytes, Buffer.alloc(delta * PAGE)]);
  }
}

/** Whether system calls fail now. */
const injection = { isActive: false };

class World {
  /** Each is `{ copy, memory, body }`; several handles can have the same body. */
  handles = [];
  /** Each is `{ copy, snapshot, bytes }`. */
  snapshots = [];
  /** Views of memories whose files were truncated: they read as zero beyond the end of the file. */
  truncated = [];

  #files = 0;

  constructor({ copies, folder, modules, emulatesResizable }) {
    Object.assign(this, { copies, folder, modules, emulatesResizable });
  }

  get features() {
    return this.copies[0].features;
  }

  newFile(bytes) {
    const file = path.join(this.folder, `file-${this.#files++}`);
    if (bytes !== undefined) fs.writeFileSync(file, bytes);
    return file;
  }

  add(copy, memory, body) {
    const handle = { copy, memory, body };
    this.handles.push(handle);
    checkSize(handle);
    return handle;
  }

  remove(handle) {
    this.handles.splice(this.handles.indexOf(handle), 1);
  }

  /** Compares the bytes of a random part of each memory, or of the whole memory without `random`. */
  compare(random) {
    for (const handle of this.handles) {
      checkSize(handle);
      const { bytes } = handle.body;
      const [start, end] = random ? rangeIn(random, bytes.length) : [0, bytes.length];
      checkBytes(handle, start, end);
      checkFile(handle);
    }
    for (const { view, from } of this.truncated) {
      const at = random ? random.between(from, view.length - 1) : view.length - 1;
      assert.strictEqual(view[at], 0, "a lost page reads as zero");
    }
  }

  compareSnapshots() {
    for (const { copy, snapshot, bytes } of this.snapshots) {
      const memory = copy.Memory.from(snapshot, { shared: false });
      assertEqual(new Uint8Array(memory.buffer), bytes, "a snapshot");
      memory.close();
    }
  }

  /** Drops everything, after closing some of the memories. */
  end(random) {
    for (const { memory } of this.handles) if (random.isOneIn(2)) memory.close();
    this.handles = [];
    this.snapshots = [];
    this.truncated = [];
    fs.rmSync(this.folder, { recursive: true, force: true });
    fs.mkdirSync(this.folder);
  }
}

function viewOf({ memory }) {
  return new Uint8Array(memory.buffer);
}

function checkSize({ memory, body }) {
  assert.strictEqual(memory.buffer.byteLength, body.bytes.length, "byteLength");
  assert.strictEqual(Number(memory.type().minimum), body.size, "size");
}

function checkBytes(handle, start, end) {
  const expected = handle.body.bytes.subarray(start, end);
  assertEqual(viewOf(handle).subarray(start, end), expected, `${handle.body.kind} at ${start}`);
}

/** Checks that a file opened for writing has the memory's bytes, up to its end. */
function checkFile({ memory, body }) {
  const { file } = body;
  if (file?.mode !== "r+") return;
  void memory.buffer; // Any member writes the page in which the file ends to the file.
  const bytes = fs.readFileSync(file.path);
  const rounded = Math.ceil(file.length / SYSTEM_PAGE) * SYSTEM_PAGE;
  // A call that failed may already have added a module's new pages to the file.
  if (file.hasNewPages && bytes.length === body.bytes.length) file.length = bytes.length;
  if (bytes.length !== file.length) {
    assert.strictEqual(bytes.length, rounded, "the file's length");
    assert.ok(file.mayBeRounded, "the file's length is rounded");
    file.length = rounded;
  }
  // Bytes beyond `shown` reach the file with the next growth that does not fail.
  const shown = Math.min(bytes.length, body.bytes.length, file.shown ?? Infinity);
  assertEqual(bytes.subarray(0, shown), body.bytes.subarray(0, shown), `the file of ${body.kind}`);
}

function assertEqual(actual, expected, what) {
  if (Buffer.compare(actual, expected) === 0) return;
  const at = expected.findIndex((byte, index) => actual[index] !== byte);
  assert.fail(`${what}: byte ${at} is ${actual[at]}, not ${expected[at]}`);
}

/** Expects an error of that name, or any error while system calls fail. */
function assertThrows(action, name) {
  let error;
  try {
    action();
  } catch (thrown) {
    error = thrown;
  }
  if (error !== undefined && injection.isActive) return;
  assert.strictEqual(error?.name, name, error?.stack ?? `no ${name}`);
}

/** Returns the start and the end of a random range. Either is sometimes at a page. */
function rangeIn(random, length) {
  const place = () => {
    const at = random.between(0, length);
    return random.isOneIn(3) ? at - (at % SYSTEM_PAGE) : at;
  };
  const start = place();
  const end = random.isOneIn(2) ? start + random.between(0, 2 * SYSTEM_PAGE) : place();
  return [Math.min(start, end), Math.min(Math.max(start, end), length)];
}

module.exports = {
  PAGE,
  MAX_PAGES,
  UNHOSTABLE,
  injection,
  World,
  Body,
  viewOf,
  rangeIn,
  assertThrows,
  resize,
  transfer,
};
