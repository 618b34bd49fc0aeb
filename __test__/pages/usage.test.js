"use strict";

// Memory.usage(), compared with the kernel's own figures.

const { constants } = require("node:buffer");
const fs = require("node:fs");

const { Memory, features } = require("../..");
const { mappingsWithin, residentWithin } = require("../support/proc");
const { PAGE, stores, grow, bytesOf, addressOf, fill, pageValues } = require("../support/stores");

// The number of pages that no memory can exceed.
const LIMIT = 262_144;

/** Whether reading a huge page that was never written to maps one page of zeros, which all processes share. */
const hasHugeZeroPage = () =>
  fs.readFileSync("/sys/kernel/mm/transparent_hugepage/use_zero_page", "latin1").trim() === "1";

describe.each(stores)("usage() of a memory that is %s", (name, make) => {
  const expectUsage = (memory, resident) => {
    const size = memory.buffer.byteLength;
    const usage = memory.usage();
    expect(Object.keys(usage)).toEqual(["reserved", "committed", "resident"]);
    expect(usage.resident).toBe(resident);
    expect(usage.resident).toBe(residentWithin(addressOf(memory), size));
    expect(usage.committed).toBe(size);
    const reserved = Math.min(Number(memory.type().maximum), LIMIT) * PAGE;
    expect(usage.reserved).toBe(reserved);
    // The whole range is mapped for this memory: accessible pages, then inaccessible ones.
    const start = addressOf(memory);
    let at = start;
    for (const mapping of mappingsWithin(start, reserved)) {
      expect(mapping.start).toBeLessThanOrEqual(at);
      if (at >= start + size) expect(mapping.protection).toBe("---p");
      at = mapping.end;
    }
    expect(at).toBeGreaterThanOrEqual(start + reserved);
  };

  test("counts pages as resident that were written to", () => {
    const memory = make(8, 16);
    expectUsage(memory, 0);
    bytesOf(memory)[5 * PAGE] = 7;
    expectUsage(memory, 4096);
    bytesOf(memory)[5 * PAGE + 4096] = 0;
    expectUsage(memory, 2 * 4096);
    fill(memory, 7, 0, 3);
    expectUsage(memory, 3 * PAGE + 2 * 4096);
    grow(memory, 2);
    fill(memory, 7, 8, 9);
    expectUsage(memory, 4 * PAGE + 2 * 4096);
    memory.discard(0, 2 * PAGE);
    expectUsage(memory, 2 * PAGE + 2 * 4096);
  });

  test("does not count pages that were only read", () => {
    const memory = make(64, 64);
    expect(pageValues(memory)).toEqual(new Array(64).fill(0));
    // Without a huge page of zeros, reading allocates huge pages.
    expectUsage(memory, name.includes("huge") && !hasHugeZeroPage() ? 64 * PAGE : 0);
  });

  test("counts pages of a snapshot as resident that were read", () => {
    const memory = make(8, 8);
    fill(memory, 7, 0, 4);
    const snapshot = memory.snapshot();
    memory.restore(snapshot);
    const first = residentWithin(addressOf(memory), 8 * PAGE);
    expectUsage(memory, first);
    expect(bytesOf(memory)[0]).toBe(7);
    fill(memory, 9, 1, 2);
    const read = residentWithin(addressOf(memory), 8 * PAGE);
    expect(read).toBeGreaterThan(first);
    expectUsage(memory, read);
    memory.restore(snapshot);
    expectUsage(memory, residentWithin(addressOf(memory), 8 * PAGE));
    memory.discard(0, 8 * PAGE);
    expectUsage(memory, 0);
  });

  test("is zero without pages", () => {
    const memory = make(0, 4);
    const { committed, resident } = memory.usage();
    expect([committed, resident]).toEqual([0, 0]);
  });
});

describe("usage().reserved", () => {
  test("is the maximum, or the 4 GiB that 32-bit addresses reach", () => {
    expect(new Memory({ initial: 1, maximum: 10 }).usage().reserved).toBe(10 * PAGE);
    expect(new Memory({ initial: 1 }).usage().reserved).toBe(2 ** 32);
  });

  test("stays the same when the memory moves into the engine", () => {
    const memory = new Memory({ initial: 2, maximum: 10 });
    fill(memory, 7);
    memory.toWebAssembly();
    const usage = memory.usage();
    expect(usage).toEqual({ reserved: 10 * PAGE, committed: 2 * PAGE, resident: 2 * PAGE });
    expect(Memory.from(new WebAssembly.Memory({ initial: 1 })).usage().reserved).toBe(2 ** 32);
  });

  test("stays the same while growing commits pages ahead", () => {
    const memory = new Memory({ initial: 16, maximum: 1000 });
    for (let time = 0; time < 40; time++) memory.grow(1);
    const { reserved, committed, resident } = memory.usage();
    expect([reserved, resident]).toEqual([1000 * PAGE, 0]);
    expect(committed).toBeGreaterThan(56 * PAGE);
    expect(committed).toBeLessThanOrEqual(56 * PAGE + 2 ** 20);
  });

  const testLarge = constants.MAX_LENGTH > 6 * 2 ** 30 ? test : test.skip;

  testLarge(
    "includes a range that was left for a larger one (needs buffers of more than 4 GiB)",
    () => {
      const memory = new Memory({ initial: 1n, address: "i64" });
      fill(memory, 7);
      memory.grow(65_536n);
      const { reserved, committed, resident } = memory.usage();
      expect(committed).toBe(65_538 * PAGE);
      expect(reserved).toBeGreaterThanOrEqual(2 ** 32 + 65_537 * PAGE);
      expect(resident).toBe(PAGE);
    },
  );
});

const testHuge = features.hugePages ? test : test.skip;

testHuge("usage() counts whole huge pages as resident (needs transparent huge pages)", () => {
  const memory = new Memory({ initial: 64, maximum: 64 }, { hugePages: true });
  bytesOf(memory)[0] = 7;
  const { resident } = memory.usage();
  expect(resident).toBe(residentWithin(addressOf(memory), 64 * PAGE));
  // A page of 2 MiB, if the system had one to spare.
  expect([4096, 2 ** 21]).toContain(resident);
  memory.discard(0, 64 * PAGE);
  expect(memory.usage().resident).toBe(0);
});
