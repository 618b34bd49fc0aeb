"use strict";

// Memory.discard() decommits pages, as the kernel's own figures show.

const { Memory } = require("../..");
const { residentWithin } = require("../support/proc");
const { run } = require("../support/run-fixture");
const { PAGE, stores, grow, addressOf, fill, pageValues } = require("../support/stores");
const { thrownBy } = require("../support/thrown");
const { compile } = require("../support/wat");
const { resultOf } = require("../support/workers");

describe.each(stores)("a memory that is %s", (_, make) => {
  const residentOf = (memory) => residentWithin(addressOf(memory), memory.buffer.byteLength);

  test("decommits pages, which then read as zero", () => {
    const memory = make(8, 16);
    fill(memory, 7);
    const { buffer } = memory;
    const view = new Uint8Array(buffer, 2 * PAGE, PAGE);
    expect(residentOf(memory)).toBe(8 * PAGE);

    expect(memory.discard(2 * PAGE, 3 * PAGE)).toBe(3 * PAGE);
    expect(residentOf(memory)).toBe(5 * PAGE);
    expect(memory.buffer).toBe(buffer);
    expect(view.every((byte) => byte === 0)).toBe(true);
    expect(pageValues(memory)).toEqual([7, 7, 0, 0, 0, 7, 7, 7]);

    expect(memory.discard(2 * PAGE, 3 * PAGE)).toBe(0);
    view.fill(8);
    expect(memory.discard(PAGE, 2 * PAGE)).toBe(2 * PAGE);
    expect(pageValues(memory)).toEqual([7, 0, 0, 0, 0, 7, 7, 7]);
    expect(memory.discard(0, 8 * PAGE)).toBe(4 * PAGE);
    expect(pageValues(memory)).toEqual(new Array(8).fill(0));
    expect(residentOf(memory)).toBe(0);
  });

  test("decommits pages of a restored snapshot, which then read as zero", () => {
    const memory = make(8, 16);
    fill(memory, 7);
    const snapshot = memory.snapshot();
    memory.restore(snapshot);
    fill(memory, 9, 0, 3);
    // Pages untouched since the restore are not resident.
    expect(memory.discard(2 * PAGE, 3 * PAGE)).toBe(PAGE);
    expect(pageValues(memory)).toEqual([9, 9, 0, 0, 0, 7, 7, 7]);
    expect(residentWithin(addressOf(memory) + 2 * PAGE, 3 * PAGE)).toBe(0);
    fill(memory, 9, 4, 5);
    expect(pageValues(memory)).toEqual([9, 9, 0, 0, 9, 7, 7, 7]);
    memory.discard(0, 8 * PAGE);
    expect(pageValues(memory)).toEqual(new Array(8).fill(0));
    memory.restore(snapshot);
    expect(pageValues(memory)).toEqual(new Array(8).fill(7));
  });

  test("accepts an empty range at either end", () => {
    const memory = make(2, 4);
    fill(memory, 7);
    expect(memory.discard(0, 0)).toBe(0);
    expect(memory.discard(2 * PAGE, 0)).toBe(0);
    expect(pageValues(memory)).toEqual([7, 7]);
    const nothing = make(0, 4);
    expect(nothing.discard(0, 0)).toBe(0);
  });

  test("decommits pages that growing has added", () => {
    const memory = make(1, 16);
    fill(memory, 7);
    grow(memory, 3);
    fill(memory, 8, 1);
    expect(memory.discard(2 * PAGE, 2 * PAGE)).toBe(2 * PAGE);
    expect(pageValues(memory)).toEqual([7, 8, 0, 0]);
    grow(memory, 1);
    expect(pageValues(memory)).toEqual([7, 8, 0, 0, 0]);
  });
});

describe("discard() rejects", () => {
  const memory = new Memory({ initial: 4, maximum: 4 });
  fill(memory, 7);

  afterEach(() => expect(pageValues(memory)).toEqual([7, 7, 7, 7]));

  const wrong = [
    ["a negative number", -PAGE, RangeError, `${-PAGE}`],
    ["a fraction", 0.5, RangeError, "0.5"],
    ["a fraction of a page", PAGE + 4096, RangeError, `${PAGE + 4096}`],
    ["NaN", NaN, RangeError, "NaN"],
    ["undefined", undefined, TypeError, "undefined"],
    ["Infinity", Infinity, RangeError, "Infinity"],
    ["a string that is not a number", "a page", TypeError, '"a page"'],
    ["true", true, RangeError, "true"],
    ["a BigInt", BigInt(PAGE), TypeError, "65536n"],
    ["a symbol", Symbol("page"), TypeError, "a symbol"],
    [
      "an object that cannot be converted to a number",
      { valueOf: () => ({}), toString: null },
      TypeError,
    ],
  ];

  test.each(wrong)("%s as the offset or the length", (_, value, Kind, shown = "") => {
    for (const [name, args] of [
      ["offset", [value, PAGE]],
      ["length", [PAGE, value]],
    ]) {
      const error = thrownBy(() => memory.discard(...args));
      expect(error).toBeInstanceOf(Kind);
      expect(error.message).toMatch(new RegExp(`^Memory\\.discard\\(\\): ${name}: `));
      expect(error.message).toContain(shown);
    }
  });

  test("missing arguments", () => {
    expect(() => memory.discard()).toThrow(/^Memory\.discard\(\): offset: .*undefined/);
    expect(() => memory.discard(0)).toThrow(/^Memory\.discard\(\): length: .*undefined/);
  });

  test.each([
    [0, 5 * PAGE],
    [4 * PAGE, PAGE],
    [5 * PAGE, 0],
    [3 * PAGE, 2 * PAGE],
    [2 ** 52, PAGE],
    [PAGE, 2 ** 52],
    [2 ** 64, 2 ** 64],
    [PAGE, Number.MAX_VALUE],
  ])("the offset %d with the length %d, which are not in the memory", (offset, length) => {
    const error = thrownBy(() => memory.discard(offset, length));
    expect(error).toBeInstanceOf(RangeError);
    for (const part of ["Memory.discard(): ", length, offset, 4 * PAGE]) {
      expect(error.message).toContain(String(part));
    }
  });

  test("pages that a shared memory has not grown to yet", () => {
    const shared = new Memory({ initial: 1, maximum: 4, shared: true });
    expect(() => shared.discard(PAGE, PAGE)).toThrow(RangeError);
    shared.grow(1);
    expect(shared.discard(PAGE, PAGE)).toBe(0);
  });
});

test("discard() converts its arguments in order, before it reads the memory's state", () => {
  const memory = new Memory({ initial: 2, maximum: 4 });
  fill(memory, 7);
  const order = [];
  const converting = (name, value, act = () => {}) => ({
    valueOf() {
      order.push(name);
      act();
      return value;
    },
  });
  const length = converting("length", `${PAGE}`, () => memory.grow(1));
  expect(memory.discard(converting("offset", null), length)).toBe(PAGE);
  expect(order).toEqual(["offset", "length"]);
  expect(pageValues(memory)).toEqual([0, 7, 0]);

  const moving = converting("offset", PAGE, () => memory.toWebAssembly());
  expect(memory.discard(moving, PAGE)).toBe(PAGE);
  expect(pageValues(memory)).toEqual([0, 0, 0]);
});

test("discard() makes the loads of a running module read zero", async () => {
  const module = await compile(`(module
    (memory (export "memory") 4 8)
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
    (func (export "grow") (result i32) (memory.grow (i32.const 1))))`);
  const { exports } = new WebAssembly.Instance(module);
  const memory = Memory.from(exports.memory);
  for (let page = 0; page < 4; page++) exports.store(page * PAGE, 7);
  expect(memory.discard(PAGE, 2 * PAGE)).toBe(2 * 4096);
  const loads = () => [0, 1, 2, 3].map((page) => exports.load(page * PAGE));
  expect(loads()).toEqual([7, 0, 0, 7]);
  exports.store(PAGE, 8);
  expect(exports.grow()).toBe(4);
  expect(loads()).toEqual([7, 8, 0, 7]);
  expect(() => exports.load(5 * PAGE)).toThrow(WebAssembly.RuntimeError);
});

test("discard() is visible to other threads, which can call it too", async () => {
  const memory = new Memory({ initial: 4, maximum: 4, shared: true });
  fill(memory, 7);
  memory.discard(0, PAGE);
  const released = await resultOf(
    `const memory = Memory.from(data);
     const first = new Uint8Array(memory.buffer)[0];
     port.postMessage([first, memory.discard(2 * 65536, 65536)]);`,
    memory.share(),
  );
  expect(released).toEqual([0, PAGE]);
  expect(pageValues(memory)).toEqual([0, 7, 0, 7]);
});

const kinds = ["reserved", "moved", "shared"];

test.each(kinds)("discard() makes the process 256 MiB smaller: %s", async (kind) => {
  const { before, after, released, usage } = await run("discard-256-mib.js", { args: [kind] });
  const MIB = 2 ** 20;
  expect(released).toBe(256 * MIB);
  expect(usage).toEqual({ before: 320 * MIB, after: 64 * MIB });
  // Meanwhile the collector can free other memory of the process, or allocate some.
  expect(Math.abs(before - after - released)).toBeLessThan(16 * MIB);
});

test("discard() rejects holes in a snapshot's pages before the kernel runs out of mappings", async () => {
  const { discarded, error, mappings, limit, kept, again } = await run(
    "discard-every-other-page.js",
  );
  expect(error).toMatch(/^RangeError: Memory\.discard\(\): out of memory mappings: /);
  expect(discarded).toBeGreaterThan(limit / 10);
  expect(mappings).toBeLessThan((limit * 4) / 5);
  expect(kept).toBe(true);
  // Discarding all pages at once takes fewer mappings.
  expect(again).toBe(true);
});
