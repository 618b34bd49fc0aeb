"use strict";

// The option `hugePages`.

const { Memory, features } = require("../..");
const { run } = require("../support/run-fixture");

const PAGE = 65_536;

describe("hugePages", () => {
  test("is a TypeError for shared memories", () => {
    const make = () => new Memory({ initial: 1, maximum: 2, shared: true }, { hugePages: true });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(/^Memory: hugePages: /);
  });

  test.each([undefined, null, 1, "hugePages", {}, { hugePages: false }])(
    "is off for options %p",
    (options) => {
      expect(new Memory({ initial: 1 }, options).buffer.byteLength).toBe(PAGE);
    },
  );

  const testHuge = features.hugePages ? test : test.skip;

  testHuge("takes one page fault for 2 MiB (needs huge pages)", async () => {
    const { faults, aligned, bytes } = await run("touch-huge-pages.js");
    expect(aligned).toBe(true);
    // 64 MiB are 32 pages of 2 MiB, or 16,384 of 4 KiB.
    expect(faults).toBeLessThan(8000);
    expect(bytes).toBe(true);
  });
});
