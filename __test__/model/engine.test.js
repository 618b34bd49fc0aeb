"use strict";

// Random sequences of operations on a `Memory` and on an engine memory side by side: a program must not see
// a difference.

const fc = require("fast-check");

const { Memory, features } = require("../..");

const PAGE = 65_536;

/**
 * The engine's class. If that has no resizable buffers, a stand-in copies between its buffer and a resizable
 * ArrayBuffer.
 */
const Reference = features.resizableBuffers.shared ? Resizable : Copying;

/** Makes toResizableBuffer() throw without a maximum, as the JS API requires; JavaScriptCore does not. */
function Resizable(descriptor) {
  const memory = new WebAssembly.Memory(descriptor);
  if (descriptor.maximum === undefined) {
    memory.toResizableBuffer = () => {
      throw new TypeError("no maximum");
    };
  }
  return memory;
}

function Copying(descriptor) {
  let memory = new WebAssembly.Memory(descriptor);
  let resizable;

  const toPages = (length) => length / PAGE;

  return {
    get buffer() {
      return resizable ?? memory.buffer;
    },

    grow(delta) {
      if (resizable === undefined) return memory.grow(delta);
      const before = toPages(resizable.byteLength);
      // Converts `delta`, and throws, as the engine does.
      new WebAssembly.Memory({ initial: before, maximum: descriptor.maximum }).grow(delta);
      resizable.resize((before + Math.trunc(delta)) * PAGE);
      return before;
    },

    resize(length) {
      const delta = toPages(length - resizable.byteLength);
      if (!Number.isInteger(delta) || delta < 0) throw new RangeError("not by whole pages");
      resizable.resize(length);
    },

    toResizableBuffer() {
      const { maximum, shared } = descriptor;
      if (shared || maximum === undefined) throw new TypeError("no resizable buffer");
      if (resizable !== undefined) return resizable;
      const { buffer } = memory;
      resizable = new ArrayBuffer(buffer.byteLength, { maxByteLength: maximum * PAGE });
      new Uint8Array(resizable).set(new Uint8Array(buffer));
      memory.grow(0); // detaches
      return resizable;
    },

    toFixedLengthBuffer() {
      if (resizable === undefined) return memory.buffer;
      memory = new WebAssembly.Memory({ ...descriptor, initial: toPages(resizable.byteLength) });
      new Uint8Array(memory.buffer).set(new Uint8Array(resizable));
      structuredClone(resizable, { transfer: [resizable] }); // detaches
      resizable = undefined;
      return memory.buffer;
    },
  };
}

/** Both memories, and the views that were kept of them and of earlier ones. */
class Pair {
  views = [];

  constructor(descriptor) {
    this.construct(descriptor);
  }

  construct(descriptor) {
    const [ours, theirs] = this.both(
      () => new Memory(descriptor),
      () => new Reference(descriptor),
    );
    // If both throw, the earlier memories stay.
    if (ours !== undefined) Object.assign(this, { ours, theirs, moved: ours.type().shared });
  }

  /** Runs both actions, and expects that both return or both throw an error of the same name. */
  both(ours, theirs) {
    const outcome = (action) => {
      try {
        return { result: action() };
      } catch (error) {
        return { error: error.name };
      }
    };
    const [actual, expected] = [outcome(ours), outcome(theirs)];
    expect(actual.error).toBe(expected.error);
    return [actual.result, expected.result];
  }

  grow(delta) {
    const [actual, expected] = this.both(
      () => this.ours.grow(delta),
      () => this.theirs.grow(delta),
    );
    expect(actual).toBe(expected);
  }

  write(place, value) {
    for (const memory of [this.ours, this.theirs]) {
      const bytes = new Uint8Array(memory.buffer);
      bytes[place % (bytes.length || 1)] = value;
    }
  }

  keepView(place, length) {
    this.views.push(
      this.both(
        () => new Uint8Array(this.ours.buffer, place, length),
        () => new Uint8Array(this.theirs.buffer, place, length),
      ),
    );
  }

  writeThroughView(index, value) {
    const [ours, theirs] = this.views[index % this.views.length] ?? [];
    this.both(
      () => ours?.fill(value),
      () => theirs?.fill(value),
    );
  }

  /** Moves the memory; a holder of the buffer sees the same as with `grow(0)`. */
  toWebAssembly() {
    expect(this.ours.toWebAssembly()).toBe(this.ours.toWebAssembly());
    if (!this.moved) {
      const { buffer } = this.theirs;
      if (this.theirs.toFixedLengthBuffer?.() === buffer) this.theirs.grow(0);
    }
    this.moved = true;
  }

  toResizableBuffer() {
    if (this.moved && !features.resizableBuffers.shared) {
      // An engine memory has no resizable buffer there.
      expect(() => this.ours.toResizableBuffer()).toThrow(TypeError);
      return;
    }
    this.convert("toResizableBuffer");
    const { buffer } = this.ours;
    if (features.resizableBuffers.shared && buffer.resizable) this.moved = true;
  }

  toFixedLengthBuffer() {
    this.convert("toFixedLengthBuffer");
  }

  convert(method) {
    const before = [this.ours.buffer, this.theirs.buffer];
    const after = this.both(
      () => this.ours[method](),
      () => this.theirs[method](),
    );
    expect(after[0] === before[0]).toBe(after[1] === before[1]);
    if (after[0] !== undefined) expect(this.ours.buffer).toBe(after[0]);
  }

  resize(length) {
    const { buffer } = this.ours;
    // A buffer of fixed length cannot be resized, and a shared one not by that name.
    if (!buffer.resizable) return;
    this.both(
      () => buffer.resize(length),
      () => (this.theirs.resize ? this.theirs.resize(length) : this.theirs.buffer.resize(length)),
    );
  }

  compare() {
    expect(same(new Uint8Array(this.ours.buffer), new Uint8Array(this.theirs.buffer))).toBe(true);
    expect(this.ours.buffer).toBe(this.ours.buffer);
    for (const [ours, theirs] of this.views) expect(same(ours, theirs)).toBe(true);
  }
}

function same(ours, theirs) {
  if (ours === undefined || theirs === undefined) return ours === theirs;
  return Buffer.compare(ours, theirs) === 0;
}

const pages = fc.nat(4);
const byte = fc.integer({ min: 1, max: 255 });
const place = fc.oneof(
  fc.nat(6 * PAGE),
  fc.nat(6).map((page) => page * PAGE),
);

const descriptor = fc.oneof(
  fc.record({ initial: pages }),
  fc.record({ initial: pages, maximum: fc.integer({ min: 0, max: 8 }) }),
  fc.record({ initial: pages, maximum: fc.integer({ min: 0, max: 8 }), shared: fc.boolean() }),
);

const operation = fc.oneof(
  fc.tuple(fc.constant("grow"), fc.oneof(pages, fc.constantFrom(-1, 1.5, 65_537, NaN))),
  fc.tuple(fc.constant("write"), place, byte),
  fc.tuple(fc.constant("keepView"), place, fc.option(fc.nat(PAGE), { nil: undefined })),
  fc.tuple(fc.constant("writeThroughView"), fc.nat(), byte),
  fc.tuple(fc.constantFrom("toWebAssembly", "toResizableBuffer", "toFixedLengthBuffer")),
  fc.tuple(fc.constant("resize"), place),
  fc.tuple(fc.constant("construct"), descriptor),
);

test("a Memory and an engine memory behave the same in 500 random sequences", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 25 }), (operations) => {
      const pair = new Pair({ initial: 1, maximum: 8 });
      for (const [name, ...args] of operations) pair[name](...args);
      pair.compare();
    }),
    { numRuns: 500 },
  );
});
