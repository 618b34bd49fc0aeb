"use strict";

// What a memory says that it takes, by the kernel's own figures.

const { constants } = require("node:buffer");

const { Memory, features } = require("../..");
const { mappingsWithin, residentWithin } = require("../support/proc");
const { PAGE, stores, grow, bytesOf, addressOf, fill, pageValues } = require("../support/stores");

// The most pages that any memory can have.
const LIMIT = 262_144;

describe.each(stores)("of a memory that is %s", (name, make) => {
  const expectUsage = (memory, resident) => {
    const size = memory.buffer.byteLength;
    const usage = memory.usage();
    expect(Object.keys(usage)).toEqual(["reserved", "committed", "resident"]);
    expect(usage.resident).toBe(resident);
    expect(usage.resident).toBe(residentWithin(addressOf(memory), size));
    expect(usage.committed).toBe(size);
    const reserved = Math.min(Number(memory.type().maximum), LIMIT) * PAGE;
    expect(usage.reserved).toBe(reserved);
    // All of it is mapped, and nobody else's: pages, and then what faults.
    const start = addressOf(memory);
    let at = start;
    for (const mapping of mappingsWithin(start, reserved)) {
      expect(mapping.start).toBeLessThanOrEqual(at);
      if (at >= start + size) expect(mapping.protection).toBe("---p");
      at = mapping.end;
    }
    expect(at).toBeGreaterThanOrEqual(start + reserved);
  };

  test("resident is what was written to", () => {
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

  test("what was only read takes nothing", () => {
    const memory = make(64, 64);
    expect(pageValues(memory)).toEqual(new Array(64).fill(0));
    const resident = residentWithin(addressOf(memory), 64 * PAGE);
    expectUsage(memory, resident);
    if (!name.includes("huge")) expect(resident).toBe(0);
  });

  test("a snapshot's pages are resident where they were read", () => {
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

  test("of nothing", () => {
    const memory = make(0, 4);
    const { committed, resident } = memory.usage();
    expect([committed, resident]).toEqual([0, 0]);
  });
});

describe("reserved", () => {
  test("is the maximum, or what 32-bit addresses reach", () => {
    expect(new Memory({ initial: 1, maximum: 10 }).usage().reserved).toBe(10 * PAGE);
    expect(new Memory({ initial: 1 }).usage().reserved).toBe(2 ** 32);
  });

  test("is the same object's after it has moved into the engine", () => {
    const memory = new Memory({ initial: 2, maximum: 10 });
    fill(memory, 7);
    memory.toWebAssembly();
    const usage = memory.usage();
    expect(usage).toEqual({ reserved: 10 * PAGE, committed: 2 * PAGE, resident: 2 * PAGE });
    expect(Memory.from(new WebAssembly.Memory({ initial: 1 })).usage().reserved).toBe(2 ** 32);
  });

  test("grows where a memory commits ahead", () => {
    const memory = new Memory({ initial: 16, maximum: 1000 });
    for (let time = 0; time < 40; time++) memory.grow(1);
    const { reserved, committed, resident } = memory.usage();
    expect([reserved, resident]).toEqual([1000 * PAGE, 0]);
    expect(committed).toBeGreaterThan(56 * PAGE);
    expect(committed).toBeLessThanOrEqual(56 * PAGE + 2 ** 20);
  });

  const testLarge = constants.MAX_LENGTH > 6 * 2 ** 30 ? test : test.skip;

  testLarge("has what was left for a larger one (needs buffers of more than 4 GiB)", () => {
    const memory = new Memory({ initial: 1n, address: "i64" });
    fill(memory, 7);
    memory.grow(65_536n);
    const { reserved, committed, resident } = memory.usage();
    expect(committed).toBe(65_538 * PAGE);
    expect(reserved).toBeGreaterThanOrEqual(2 ** 32 + 65_537 * PAGE);
    expect(resident).toBe(PAGE);
  });
});

const testHuge = features.hugePages ? test : test.skip;

testHuge("huge pages count whole (needs transparent huge pages)", () => {
  const memory = new Memory({ initial: 64, maximum: 64 }, { hugePages: true });
  bytesOf(memory)[0] = 7;
  const { resident } = memory.usage();
  expect(resident).toBe(residentWithin(addressOf(memory), 64 * PAGE));
  // A page of 2 MiB, where the system had one to spare.
  expect([4096, 2 ** 21]).toContain(resident);
  memory.discard(0, 64 * PAGE);
  expect(memory.usage().resident).toBe(0);
});
