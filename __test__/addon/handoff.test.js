"use strict";

// The two ways that pages become buffers: chosen as documented, and each released as it can.

const { isMarkedAsUntransferable, markAsUntransferable } = require("node:worker_threads");

const { Memory, features } = require("../..");
const { run } = require("../support/run-fixture");

const PAGE = 65_536;

/** The versions of Node that the V8 hand-off was tested on. */
const tested = [20, 22, 24, 26].includes(parseInt(process.versions.node));

test("is V8's where that was tested, unless it is switched off", async () => {
  const handoffWith = async (value) => {
    const env = { LINEAR_MEMORY_HANDOFF: value };
    return (await run("print-features.js", { env })).handoff;
  };
  expect(await handoffWith("node-api")).toBe("node-api");
  expect(await handoffWith("")).toBe(tested ? "v8" : "node-api");
});

test("has detach keys on V8 13 and newer, with V8's", () => {
  const expected = features.handoff === "v8" && parseInt(process.versions.v8) >= 13;
  expect(features.detachKeys).toBe(expected);
});

describe("100,000 memories in a loop without pause", () => {
  test("are released as they go, with V8's (on the versions that were tested)", async () => {
    const result = await run("make-without-pause.js", { env: { LINEAR_MEMORY_HANDOFF: "" } });
    if (result.handoff !== "v8") return;
    expect(result.made).toBe(100_000);
    expect(result.most).toBeLessThan(20_000);
    expect(result.left).toBeLessThan(1000);
  });

  test("end in a RangeError with Node-API's, and go on after a turn", async () => {
    const env = { LINEAR_MEMORY_HANDOFF: "node-api" };
    const result = await run("make-without-pause.js", { env });
    expect(result.handoff).toBe("node-api");
    expect(result.error.name).toBe("RangeError");
    expect(result.error.message).toMatch(/^Memory: \d+ mappings are live/);
    expect(result.made).toBeGreaterThanOrEqual(24_000);
    expect(result.again).toBe(PAGE);
    expect(result.left).toBeLessThan(1000);
  });
});

const testKeys = features.detachKeys ? test : test.skip;

testKeys("a buffer that was marked as untransferable stays (needs detach keys)", () => {
  const memory = new Memory({ initial: 1 });
  const { buffer } = memory;
  new Uint8Array(buffer)[1] = 5;
  expect(isMarkedAsUntransferable(buffer)).toBe(false);
  markAsUntransferable(buffer);
  for (const detach of [() => memory.grow(1), () => memory.toWebAssembly()]) {
    expect(detach).toThrow(TypeError);
    expect(detach).toThrow(/^Memory\.\w+\(\): buffer: marked with markAsUntransferable\(\)/);
  }
  expect(memory.buffer).toBe(buffer);
  expect(new Uint8Array(buffer)[1]).toBe(5);
});

describe("hugePages", () => {
  test("is not of shared memories", () => {
    const make = () => new Memory({ initial: 1, maximum: 2, shared: true }, { hugePages: true });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(/^Memory: hugePages: /);
  });

  test.each([undefined, null, 1, "hugePages", {}, { hugePages: false }])(
    "is not what %p asks for",
    (options) => {
      expect(new Memory({ initial: 1 }, options).buffer.byteLength).toBe(PAGE);
    },
  );

  const testHuge = features.hugePages ? test : test.skip;

  testHuge("has few faults: 2 MiB are resident after one (needs huge pages)", async () => {
    const { faults, aligned, bytes } = await run("touch-huge-pages.js");
    expect(aligned).toBe(true);
    // 64 MiB: 32 pages of 2 MiB, or 16,384 of 4 KiB.
    expect(faults).toBeLessThan(8000);
    expect(bytes).toBe(true);
  });
});
