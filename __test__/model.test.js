"use strict";

// Random sequences of operations on a memory of ours and one of the engine's, side by side: what
// can be seen of the one must be seen of the other.

const fc = require("fast-check");

const { Memory } = require("..");

const PAGE = 65_536;

/** Both memories, and the views that were kept of them: dropped memories' too. */
class Pair {
  views = [];

  constructor(descriptor) {
    this.construct(descriptor);
  }

  construct(descriptor) {
    const [ours, theirs] = this.both(
      () => new Memory(descriptor),
      () => new WebAssembly.Memory(descriptor),
    );
    // Where both refuse, the ones before go on.
    if (ours !== undefined) Object.assign(this, { ours, theirs, moved: ours.type().shared });
  }

  /** Does the same on both sides, and expects the same result or the same kind of error. */
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

  /** Moving is, for who holds the buffer, like growing by nothing. */
  toWebAssembly() {
    expect(this.ours.toWebAssembly()).toBe(this.ours.toWebAssembly());
    if (!this.moved) this.theirs.grow(0);
    this.moved = true;
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
  fc.tuple(fc.constant("keepView"), place, fc.nat(PAGE)),
  fc.tuple(fc.constant("writeThroughView"), fc.nat(), byte),
  fc.tuple(fc.constant("toWebAssembly")),
  fc.tuple(fc.constant("construct"), descriptor),
);

test("ours and the engine's are told apart by nothing", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 25 }), (operations) => {
      const pair = new Pair({ initial: 1, maximum: 8 });
      for (const [name, ...args] of operations) pair[name](...args);
      pair.compare();
    }),
    { numRuns: 500 },
  );
});
