"use strict";

// Limits of the operating system and of the engine.

const { constants } = require("node:buffer");

const { Memory, features } = require("../..");
const { addressSpaceBytes } = require("../support/proc");
const { run } = require("../support/run-fixture");

const PAGE = 65_536;
const GIB_PAGES = 16_384;
const GIB_PAGES_N = BigInt(GIB_PAGES);

const nodeMajor = parseInt(process.versions.node);

describe("a maximum", () => {
  // In KiB: less than half of a reservation of 4 GiB remains beside what Node.js itself takes.
  test.each([3_000_000, 6_000_000])(
    "is a hint under `ulimit -v %i`: memories work until the address space is full",
    async (kilobytes) => {
      const result = await run("exhaust-address-space.js", { ulimit: `-v ${kilobytes}` });
      // Node.js 24 and newer fall back to memories without guard regions, so their own class can allocate.
      if (nodeMajor < 24) expect(result.engine).toMatchObject({ name: "RangeError" });
      expect(result.first).toBe(9);
      expect(new Set(result.last)).toEqual(new Set([7]));
      expect(result.growth.name).toBe("RangeError");
      expect(result.growth.message).toMatch(
        /^Memory\.grow\(\): out of address space: \d+ bytes are needed, and \d+ are left/,
      );
      expect(result.unchanged).toBe(true);
      expect(result.creation.name).toBe("RangeError");
      expect(result.creation.message).toMatch(/^Memory: out of address space: 3932160000 bytes/);
      expect(result.leaked).toBeLessThan(2 ** 30);
      expect(result.exhaustion.name).toBe("RangeError");
      expect(result.held).toBeGreaterThan(0);
      expect(result.alive).toBe(1000);
    },
  );

  test("limits how much address space is reserved", () => {
    const before = addressSpaceBytes();
    const memory = new Memory({ initial: 1, maximum: 10_000 });
    const reserved = addressSpaceBytes() - before;
    expect(reserved).toBeGreaterThanOrEqual(10_000 * PAGE);
    expect(reserved).toBeLessThan(20_000 * PAGE);
    expect(memory.buffer.byteLength).toBe(PAGE);
  });
});

describe("more than 4 GiB, with 64-bit addresses", () => {
  const canView = constants.MAX_LENGTH >= 6 * GIB_PAGES * PAGE;

  test("are allocated if the engine can view them, and are a RangeError otherwise", () => {
    const make = () => new Memory({ initial: 6n * GIB_PAGES_N, address: "i64" });
    if (!canView) {
      expect(make).toThrow(RangeError);
      expect(make).toThrow(`98304 pages are 6442450944 bytes`);
      return;
    }
    const memory = make();
    const view = new DataView(memory.buffer);
    view.setUint8(6 * 2 ** 30 - 1, 77);
    expect(memory.grow(1n)).toBe(6n * GIB_PAGES_N);
    expect(new DataView(memory.buffer).getUint8(6 * 2 ** 30 - 1)).toBe(77);
  });

  test("are reached by `grow()`, which keeps every byte when it leaves the 4 GiB that were reserved", () => {
    const memory = new Memory({ initial: 65_535n, address: "i64" });
    const view = new DataView(memory.buffer);
    for (const gib of [0, 1, 2, 3]) view.setUint32(gib * 2 ** 30, gib + 100);
    memory.grow(1n);
    const { buffer } = memory;
    if (!canView) {
      expect(() => memory.grow(1n)).toThrow(RangeError);
      expect(memory.buffer).toBe(buffer);
      return;
    }
    expect(memory.grow(GIB_PAGES_N)).toBe(65_536n);
    expect(buffer.byteLength).toBe(0);
    const after = new DataView(memory.buffer);
    for (const gib of [0, 1, 2, 3]) expect(after.getUint32(gib * 2 ** 30)).toBe(gib + 100);
    expect(after.getUint32(4 * 2 ** 30)).toBe(0);
    after.setUint8(5 * 2 ** 30 - 1, 1);
    expect(memory.grow(GIB_PAGES_N)).toBe(65_536n + GIB_PAGES_N);
    expect(new DataView(memory.buffer).getUint8(5 * 2 ** 30 - 1)).toBe(1);
  });

  test("are limited to the 16 GiB of the JS API", () => {
    const memory = new Memory({ initial: 1n, maximum: 300_000n, address: "i64" });
    expect(memory.type().maximum).toBe(300_000n);
    expect(() => memory.grow(262_144n)).toThrow(RangeError);
    expect(() => memory.grow(262_144n)).toThrow("limit of 262144n");
    expect(memory.grow(1n)).toBe(1n);
  });

  test("are allocated for shared memories if the engine allows it, and are a RangeError otherwise", () => {
    const make = (maximum) => new Memory({ initial: 1n, maximum, shared: true, address: "i64" });
    for (const maximum of [65_537n, 300_000n]) {
      const isHosted = features.memory64 && maximum <= 262_144n;
      if (features.externalSharedBuffers || isHosted) {
        const memory = make(maximum);
        expect(memory.buffer).toBeInstanceOf(SharedArrayBuffer);
        expect(Object.isFrozen(memory.buffer)).toBe(true);
        expect(memory.grow(2n)).toBe(1n);
        expect(memory.type().maximum).toBe(maximum);
      } else {
        expect(() => make(maximum)).toThrow(RangeError);
        expect(() => make(maximum)).toThrow(`this engine cannot have ${maximum}n shared pages`);
      }
    }
  });
});

test("too many live memories are a RangeError, and leave the engine enough mappings to go on", async () => {
  const result = await run("exhaust-mappings.js");
  expect(result.live).toBeGreaterThanOrEqual(24_000);
  expect(result.error.name).toBe("RangeError");
  expect(result.error.message).toMatch(/^Memory: out of memory mappings: \d+ of \d+ in use/);
  expect(result.answer).toBe(1024);
  expect(result.again).toBe(PAGE);
  expect(result.left).toBeLessThan(500);
});
