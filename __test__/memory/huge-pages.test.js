"use strict";

// The option `hugePages`.

const { Memory, features } = require("../..");
const { mappingsWithin } = require("../support/proc");
const { run } = require("../support/run-fixture");
const { addressOf } = require("../support/stores");

/** Returns whether the kernel was advised to use huge pages for a memory, by `madvise(2)`. */
const isAdvised = (memory) =>
  mappingsWithin(addressOf(memory), memory.buffer.byteLength).every(({ VmFlags }) =>
    VmFlags.includes("hg"),
  );

describe("hugePages", () => {
  test("is a TypeError for shared memories", () => {
    const make = () => new Memory({ initial: 1, maximum: 2, shared: true }, { hugePages: true });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(/^Memory: hugePages: /);
  });

  test.each([undefined, null, 1, "hugePages", {}, { hugePages: false }])(
    "is off for options %p",
    (options) => {
      expect(isAdvised(new Memory({ initial: 64 }, options))).toBe(false);
    },
  );

  const testHuge = features.hugePages ? test : test.skip;

  testHuge("makes huge pages of the memory (needs huge pages)", () => {
    expect(isAdvised(new Memory({ initial: 64 }, { hugePages: true }))).toBe(true);
  });

  testHuge("takes one page fault for 2 MiB (needs huge pages)", async () => {
    const { faults, aligned, bytes } = await run("touch-huge-pages.js");
    expect(aligned).toBe(true);
    // 64 MiB are 32 pages of 2 MiB, or 16,384 of 4 KiB.
    expect(faults).toBeLessThan(8000);
    expect(bytes).toBe(true);
  });
});
