"use strict";

// Memory.restore(), and Memory.from() of a snapshot.

const { constants } = require("node:buffer");

const { Memory, features } = require("../..");
const { gc, nextTurn } = require("../support/gc");
const {
  imageDescriptors,
  mappingsWithin,
  mappingCount,
  residentWithin,
} = require("../support/proc");
const { run } = require("../support/run-fixture");
const { PAGE, stores, grow, bytesOf, addressOf, fill, pageValues } = require("../support/stores");
const { thrownBy } = require("../support/thrown");
const { compile } = require("../support/wat");

const MIB = 2 ** 20;

describe.each(stores)("a memory that is %s", (_, make) => {
  test("keeps its buffer and views, which read the snapshot's bytes after restore()", () => {
    const memory = make(4, 8);
    fill(memory, 7, 1, 3);
    const { buffer } = memory;
    const views = [new Uint8Array(buffer, PAGE, PAGE), new Uint32Array(buffer, 3 * PAGE)];
    const snapshot = memory.snapshot();
    // The first restore() maps the snapshot in place of the pages. The next ones undo what was written.
    for (const value of [9, 10, 11]) {
      fill(memory, value);
      expect(memory.restore(snapshot)).toBeUndefined();
      expect(memory.buffer).toBe(buffer);
      expect(buffer.byteLength).toBe(4 * PAGE);
      expect(views[0].every((byte) => byte === 7)).toBe(true);
      expect(views[1].every((word) => word === 0)).toBe(true);
      expect(pageValues(memory)).toEqual([0, 7, 7, 0]);
    }
    views[0].fill(3);
    expect(pageValues(memory)).toEqual([0, 3, 7, 0]);
    memory.restore(snapshot);
    expect(pageValues(memory)).toEqual([0, 7, 7, 0]);
  });

  test("keeps its size if it has grown since, and reads as zero beyond the snapshot", () => {
    const memory = make(2, 16);
    fill(memory, 7);
    const snapshot = memory.snapshot();
    grow(memory, 1);
    fill(memory, 8, 2);
    memory.restore(snapshot);
    expect(pageValues(memory)).toEqual([7, 7, 0]);
    grow(memory, 2);
    expect(pageValues(memory)).toEqual([7, 7, 0, 0, 0]);
    fill(memory, 9);
    memory.restore(snapshot);
    expect(pageValues(memory)).toEqual([7, 7, 0, 0, 0]);
    expect(memory.snapshot().byteLength).toBe(5 * PAGE);
  });

  test("switches between two snapshots", () => {
    const memory = make(4, 8);
    fill(memory, 1, 0, 2);
    const first = memory.snapshot();
    memory.discard(0, PAGE);
    fill(memory, 2, 3);
    const second = memory.snapshot();
    for (let round = 0; round < 3; round++) {
      memory.restore(first);
      expect(pageValues(memory)).toEqual([1, 1, 0, 0]);
      fill(memory, 9, round);
      memory.restore(second);
      expect(pageValues(memory)).toEqual([0, 1, 0, 2]);
    }
  });

  test("restores more than 4 MiB of dirty pages", () => {
    const pages = (9 * MIB) / PAGE;
    const memory = make(pages, pages);
    fill(memory, 7, 0, 100);
    const snapshot = memory.snapshot();
    memory.restore(snapshot);
    fill(memory, 9);
    memory.restore(snapshot);
    expect(pageValues(memory)).toEqual([
      ...new Array(100).fill(7),
      ...new Array(pages - 100).fill(0),
    ]);
  });

  test("rejects a longer snapshot with an error that names both lengths", () => {
    const snapshot = new Memory({ initial: 3 }).snapshot();
    const memory = make(2, 8);
    fill(memory, 7);
    const error = thrownBy(() => memory.restore(snapshot));
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toBe(
      `Memory.restore(): the snapshot has ${3 * PAGE} bytes, more than the memory's ${2 * PAGE}: grow the memory first`,
    );
    expect(pageValues(memory)).toEqual([7, 7]);
    grow(memory, 1);
    memory.restore(snapshot);
    expect(pageValues(memory)).toEqual([0, 0, 0]);
  });

  test("restores a snapshot of another memory, without that memory's later writes", () => {
    const other = new Memory({ initial: 2 });
    fill(other, 7);
    const snapshot = other.snapshot();
    const memory = make(3, 8);
    fill(memory, 9);
    memory.restore(snapshot);
    fill(other, 8);
    expect(pageValues(memory)).toEqual([7, 7, 0]);
    fill(memory, 6);
    other.restore(snapshot);
    expect(pageValues(other)).toEqual([7, 7]);
    expect(pageValues(memory)).toEqual([6, 6, 6]);
  });
});

test.each([
  ["undefined", undefined],
  ["null", null],
  ["a memory", new Memory({ initial: 1 })],
  ["an ArrayBuffer", new ArrayBuffer(PAGE)],
])("restore() rejects %s", (_, value) => {
  const memory = new Memory({ initial: 1 });
  const error = thrownBy(() => memory.restore(value));
  expect(error).toBeInstanceOf(TypeError);
  expect(error.message).toMatch(/^Memory\.restore\(\): expected a Snapshot, got /);
});

describe("an instance keeps running after restore()", () => {
  const text = (memory) => `(module
    ${memory}
    (func (export "count") (result i32)
      (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
      (i32.load (i32.const 8)))
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))`;

  test.each([
    ["with an imported memory", `(import "env" "memory" (memory 1 8))`],
    ["with an exported memory", `(memory (export "memory") 1 8)`],
    ["with a shared memory", `(import "env" "memory" (memory 1 8 shared))`],
  ])("%s", async (_, declared) => {
    const module = await compile(text(declared));
    const shared = declared.includes("shared");
    let memory = new Memory({ initial: 1, maximum: 8, shared });
    const { exports } = new WebAssembly.Instance(module, {
      env: { memory: memory.toWebAssembly() },
    });
    if (exports.memory !== undefined) memory = Memory.from(exports.memory);

    expect([exports.count(), exports.count()]).toEqual([1, 2]);
    const snapshot = memory.snapshot();
    for (let round = 0; round < 3; round++) {
      expect([exports.count(), exports.count()]).toEqual([3, 4]);
      memory.restore(snapshot);
    }
    expect(exports.count()).toBe(3);
    expect(exports.grow()).toBe(1);
    fill(memory, 7, 1);
    memory.restore(snapshot);
    expect([exports.load(8), exports.load(PAGE)]).toEqual([2, 0]);
    expect(() => exports.load(2 * PAGE)).toThrow(WebAssembly.RuntimeError);
    expect(exports.grow()).toBe(2);
    expect(exports.load(2 * PAGE)).toBe(0);
    memory.discard(0, PAGE);
    expect(exports.count()).toBe(1);
  });

  test("with a memory that was made from a snapshot", async () => {
    const module = await compile(text(`(import "env" "memory" (memory 1 8))`));
    const prepared = new Memory({ initial: 1, maximum: 8 });
    new DataView(prepared.buffer).setUint32(8, 41, true);
    const snapshot = prepared.snapshot();
    const instances = Array.from({ length: 5 }, () => {
      const memory = Memory.from(snapshot);
      const env = { memory: memory.toWebAssembly() };
      return { memory, ...new WebAssembly.Instance(module, { env }).exports };
    });
    for (const [index, { count }] of instances.entries()) {
      for (let round = 0; round <= index; round++) expect(count()).toBe(42 + round);
    }
    for (const { memory, count } of instances) {
      memory.restore(snapshot);
      expect(count()).toBe(42);
    }
  });
});

describe("pages of a restored snapshot move", () => {
  /** Returns a memory with a restored snapshot, and one page each written, discarded and added since. */
  function prepare(options) {
    const memory = new Memory({ initial: 40, maximum: 100 }, options);
    fill(memory, 7, 0, 4);
    fill(memory, 8, 30, 31);
    const snapshot = memory.snapshot();
    memory.restore(snapshot);
    fill(memory, 9, 1, 2);
    memory.discard(2 * PAGE, PAGE);
    grow(memory, 1);
    fill(memory, 6, 40);
    return { memory, snapshot };
  }

  const pages = (...starts) => [...starts, ...new Array(41 - starts.length).fill(0)];

  test.each([
    ["", undefined],
    [", of huge pages", { hugePages: features.hugePages }],
  ])("into the engine%s", (_, options) => {
    const { memory, snapshot } = prepare(options);
    const before = bytesOf(memory).slice();
    const { buffer } = memory;
    const at = addressOf(memory);
    const engineMemory = memory.toWebAssembly();
    expect(buffer.byteLength).toBe(0);
    expect(Buffer.compare(bytesOf(memory), before)).toBe(0);
    expect(new Uint8Array(engineMemory.buffer)[PAGE]).toBe(9);
    // The range that they leave is anonymous and not resident.
    const left = mappingsWithin(at, 40 * PAGE);
    expect(left.every(({ path, Rss }) => path === "" && Rss === 0)).toBe(true);

    for (let round = 0; round < 2; round++) {
      memory.restore(snapshot);
      const expected = pages(7, 7, 7, 7);
      expected[30] = 8;
      expect(pageValues(memory)).toEqual(expected);
      fill(memory, round);
    }
    memory.discard(0, 41 * PAGE);
    expect(pageValues(memory)).toEqual(pages());
    memory.restore(snapshot);
    expect(pageValues(memory).slice(0, 5)).toEqual([7, 7, 7, 7, 0]);
  });

  test("without becoming resident, after all of them were discarded", () => {
    const { memory } = prepare();
    memory.discard(0, 41 * PAGE);
    bytesOf(memory)[0] = 5;
    memory.toWebAssembly();
    // The page that was written to: a huge page if the system uses them by default.
    expect([4096, 2 ** 21]).toContain(residentWithin(addressOf(memory), 41 * PAGE));
    expect(pageValues(memory).slice(1)).toEqual(pages().slice(1));
  });

  const testLarge = constants.MAX_LENGTH > 6 * 2 ** 30 ? test : test.skip;

  testLarge("into a larger reservation (needs buffers of more than 4 GiB)", () => {
    const memory = new Memory({ initial: 40n, address: "i64" });
    fill(memory, 7, 0, 4);
    const snapshot = memory.snapshot();
    memory.restore(snapshot);
    fill(memory, 9, 1, 2);
    const at = addressOf(memory);
    expect(memory.grow(65_536n)).toBe(40n);
    expect(addressOf(memory)).not.toBe(at);
    const first = () => Array.from({ length: 5 }, (_, page) => bytesOf(memory)[page * PAGE]);
    expect(first()).toEqual([7, 9, 7, 7, 0]);
    expect(mappingsWithin(at, 40 * PAGE).every(({ Rss }) => Rss === 0)).toBe(true);
    const last = new Uint8Array(memory.buffer, 65_575 * PAGE, 1);
    last[0] = 5;
    memory.restore(snapshot);
    expect(first()).toEqual([7, 7, 7, 7, 0]);
    expect(last[0]).toBe(0);
    memory.discard(0, 40 * PAGE);
    expect(first()).toEqual([0, 0, 0, 0, 0]);
  });
});

describe("a memory in a range that is used again", () => {
  const TIMES = 10;

  /** Makes memories with `use`, which returns their addresses. Returns how many addresses came again. */
  async function countReused(use) {
    const seen = new Set();
    let reused = 0;
    for (let time = 0; time < TIMES; time++) {
      const at = use(time);
      if (seen.has(at)) reused++;
      seen.add(at);
      for (let round = 0; round < 2; round++) {
        gc();
        await nextTurn();
      }
    }
    return reused;
  }

  test("has the whole snapshot, at an engine address that had the snapshot before", async () => {
    const seed = new Memory({ initial: 4, maximum: 8, shared: true });
    fill(seed, 7);
    const snapshot = seed.snapshot();
    const reused = await countReused(() => {
      const memory = Memory.from(snapshot);
      expect(pageValues(memory)).toEqual([7, 7, 7, 7]);
      return addressOf(memory);
    });
    expect(reused).toBeGreaterThan(0);
  });

  test("reads as zero, at an engine address that had a snapshot before", async () => {
    const seed = new Memory({ initial: 4, maximum: 8, shared: true });
    fill(seed, 7);
    const snapshot = seed.snapshot();
    const reused = await countReused(() => {
      const memory = Memory.from(new WebAssembly.Memory({ initial: 4, maximum: 8, shared: true }));
      expect(pageValues(memory)).toEqual([0, 0, 0, 0]);
      // Its snapshots and its discarded pages have no bytes of the previous memory either.
      expect(pageValues(Memory.from(memory.snapshot(), { shared: false }))).toEqual([0, 0, 0, 0]);
      bytesOf(memory)[5] = 5;
      memory.discard(0, PAGE);
      expect(pageValues(memory)).toEqual([0, 0, 0, 0]);
      memory.restore(snapshot);
      return addressOf(memory);
    });
    expect(reused).toBeGreaterThan(0);
  });

  // Released ranges are used again within one turn of the event loop.
  test.each([
    ["", undefined],
    [" of huge pages", { hugePages: features.hugePages }],
  ])("reads as zero, if ranges%s are used again within one turn", (_, options) => {
    const seed = new Memory({ initial: 4, maximum: 8 });
    fill(seed, 7);
    const snapshot = seed.snapshot();
    const seen = new Set();
    let reused = 0;
    const use = () => {
      const memory = new Memory({ initial: 3, maximum: 8 }, options);
      if (seen.has(addressOf(memory))) reused++;
      seen.add(addressOf(memory));
      expect(pageValues(memory)).toEqual([0, 0, 0]);
      memory.grow(1);
      expect(pageValues(memory)).toEqual([0, 0, 0, 0]);
      memory.restore(snapshot);
      fill(memory, 9, 0, 2);
      if (seen.size % 3 === 0) memory.close();
    };
    for (let time = 0; time < TIMES; time++) {
      use();
      gc();
    }
    // The Node-API hand-off only releases ranges between turns.
    if (features.handoff === "v8") expect(reused).toBeGreaterThan(0);
  });
});

test("Memory.from() makes a thousand memories of a snapshot, and none sees another's bytes", () => {
  const PAGES = 4;
  const memory = new Memory({ initial: PAGES, maximum: 8 });
  fill(memory, 7);
  const snapshot = memory.snapshot();
  const before = mappingCount();
  const all = Array.from({ length: 1000 }, () => Memory.from(snapshot));
  const write = (index) => new DataView(all[index].buffer).setUint32((index % PAGES) * PAGE, index);
  const expectBytes = (index, word) => {
    const view = new DataView(all[index].buffer);
    for (let page = 0; page < PAGES; page++) {
      const expected = page === index % PAGES ? word : 0x07070707;
      expect(view.getUint32(page * PAGE)).toBe(expected);
    }
  };
  for (const index of all.keys()) {
    expectBytes(index, 0x07070707);
    write(index);
    expectBytes(index, index);
  }
  for (const index of all.keys()) expectBytes(index, index);
  expect(pageValues(memory)).toEqual([7, 7, 7, 7]);
  // Each has at most its range, its guard and the snapshot's mappings, as the budget counts them.
  expect(mappingCount() - before).toBeLessThan(5000);
  for (const index of all.keys()) {
    if (index % 2 === 0) all[index].restore(snapshot);
  }
  for (const index of all.keys()) expectBytes(index, index % 2 === 0 ? 0x07070707 : index);
});

test("memories share a snapshot's pages, and copy only those that they write to", async () => {
  const { alone, together, written } = await run("start-from-one-snapshot.js");
  // A hundred memories of 64 MiB: each page was read, then 1 % were written to.
  expect(together - alone).toBeLessThan(16 * MIB);
  expect(written - together).toBeGreaterThan(60 * MIB);
  expect(written - together).toBeLessThan(90 * MIB);
});

test("Memory.from() that fails leaves no image and no mappings", () => {
  const snapshot = new Memory({ initial: 3 }).snapshot();
  const before = [imageDescriptors().length, mappingCount()];
  for (let time = 0; time < 50; time++) {
    expect(() => Memory.from(snapshot, { maximum: 2 })).toThrow(RangeError);
  }
  expect(imageDescriptors().length).toBe(before[0]);
  // The engine makes mappings of its own meanwhile.
  expect(mappingCount() - before[1]).toBeLessThan(50);
});
