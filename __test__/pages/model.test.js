"use strict";

// Random sequences of operations on memories and snapshots, compared with arrays of the expected bytes.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const fc = require("fast-check");

const { Memory, Snapshot } = require("../..");
const { PAGE } = require("../support/stores");

const MAXIMUM = 40;

const file = path.join(os.tmpdir(), `linear-memory-model-${process.pid}`);

afterAll(() => fs.rmSync(file, { force: true }));

/** Memories and snapshots, each with its expected bytes. */
class World {
  memories = [];
  snapshots = [];

  constructor() {
    this.make(2, false, false);
  }

  make(initial, shared, adopted) {
    const descriptor = { initial, maximum: MAXIMUM, shared };
    const memory = adopted
      ? Memory.from(new WebAssembly.Memory(descriptor))
      : new Memory(descriptor);
    this.memories.push({ memory, bytes: Buffer.alloc(initial * PAGE) });
  }

  /** Calls `action` with one of the open memories, if there is any. */
  with(index, action) {
    const { memories } = this;
    if (memories.length > 0) action(memories[index % memories.length]);
  }

  withSnapshot(index, action) {
    const { snapshots } = this;
    if (snapshots.length > 0) action(snapshots[index % snapshots.length]);
  }

  write(index, offset, length, value) {
    this.with(index, ({ memory, bytes }) => {
      const at = Math.min(offset, bytes.length);
      new Uint8Array(memory.buffer).fill(value, at, at + length);
      bytes.fill(value, at, Math.min(at + length, bytes.length));
    });
  }

  grow(index, delta) {
    this.with(index, (each) => {
      const { memory, bytes } = each;
      const size = bytes.length / PAGE;
      if (size + delta > MAXIMUM) {
        expect(() => memory.grow(delta)).toThrow(RangeError);
        return;
      }
      expect(memory.grow(delta)).toBe(size);
      each.bytes = Buffer.concat([bytes, Buffer.alloc(delta * PAGE)]);
    });
  }

  discard(index, page, pages) {
    this.with(index, ({ memory, bytes }) => {
      const [offset, length] = [page * PAGE, pages * PAGE];
      if (offset + length > bytes.length) {
        expect(() => memory.discard(offset, length)).toThrow(RangeError);
        return;
      }
      const resident = () => memory.usage().resident;
      const before = resident();
      const released = memory.discard(offset, length);
      expect(before - resident()).toBe(released);
      bytes.fill(0, offset, offset + length);
    });
  }

  snapshot(index) {
    this.with(index, ({ memory, bytes }) => {
      const snapshot = memory.snapshot();
      expect(snapshot.byteLength).toBe(bytes.length);
      this.snapshots.push({ snapshot, bytes: Buffer.from(bytes) });
    });
  }

  restore(index, which) {
    this.with(index, ({ memory, bytes }) => {
      this.withSnapshot(which, (saved) => {
        if (saved.bytes.length > bytes.length) {
          expect(() => memory.restore(saved.snapshot)).toThrow(RangeError);
          return;
        }
        const { buffer } = memory;
        memory.restore(saved.snapshot);
        expect(memory.buffer).toBe(buffer);
        bytes.fill(0);
        saved.bytes.copy(bytes);
      });
    });
  }

  from(which, shared) {
    this.withSnapshot(which, ({ snapshot, bytes }) => {
      this.memories.push({ memory: Memory.from(snapshot, { shared }), bytes: Buffer.from(bytes) });
    });
  }

  toWebAssembly(index) {
    this.with(index, ({ memory }) => {
      expect(memory.toWebAssembly()).toBe(memory.toWebAssembly());
    });
  }

  throughFile(which) {
    this.withSnapshot(which, (saved) => {
      saved.snapshot.save(file);
      saved.snapshot = Snapshot.open(file);
    });
  }

  close(index) {
    this.with(index, (each) => {
      each.memory.close();
      expect(() => each.memory.buffer).toThrow(TypeError);
      this.memories.splice(this.memories.indexOf(each), 1);
    });
  }

  forget(which) {
    this.snapshots.splice(which % (this.snapshots.length || 1), 1);
  }

  compare() {
    for (const { memory, bytes } of this.memories) {
      expect(Buffer.compare(new Uint8Array(memory.buffer), bytes)).toBe(0);
    }
    for (const { snapshot, bytes } of this.snapshots) {
      const memory = Memory.from(snapshot, { shared: false });
      expect(Buffer.compare(new Uint8Array(memory.buffer), bytes)).toBe(0);
      memory.close();
    }
  }
}

const index = fc.nat(4);
// Sometimes more than 1 MiB: a hole of that size in a snapshot is not mapped from its image.
const pages = fc.oneof({ weight: 3, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.nat(35) });
const offset = fc.oneof(
  fc.nat(6 * PAGE),
  fc.nat(MAXIMUM).map((page) => page * PAGE),
);
const length = fc.oneof(fc.nat(100), fc.nat(20 * PAGE));
const byte = fc.integer({ min: 0, max: 255 });

const operation = fc.oneof(
  fc.tuple(fc.constant("make"), pages, fc.boolean(), fc.boolean()),
  { weight: 4, arbitrary: fc.tuple(fc.constant("write"), index, offset, length, byte) },
  fc.tuple(fc.constant("grow"), index, pages),
  { weight: 2, arbitrary: fc.tuple(fc.constant("discard"), index, pages, pages) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("snapshot"), index) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("restore"), index, index) },
  fc.tuple(fc.constant("from"), index, fc.boolean()),
  fc.tuple(fc.constant("toWebAssembly"), index),
  fc.tuple(fc.constant("throughFile"), index),
  fc.tuple(fc.constant("close"), index),
  fc.tuple(fc.constant("forget"), index),
);

test("memories and snapshots have the expected bytes after any sequence of operations", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
      const world = new World();
      for (const [name, ...args] of operations) world[name](...args);
      world.compare();
    }),
    { numRuns: 300 },
  );
});
