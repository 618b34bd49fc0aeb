"use strict";

// The two hand-offs, which turn pages into buffers: which one is chosen, and when it releases pages.

const { features } = require("../..");
const { run } = require("../support/run-fixture");

const PAGE = 65_536;

/** Whether the V8 hand-off was tested on this version of Node.js. */
const tested = [20, 22, 24, 26].includes(parseInt(process.versions.node));

test("LINEAR_MEMORY_HANDOFF selects the hand-off; the default is V8's on tested versions", async () => {
  const handoffWith = async (value) => {
    const env = { LINEAR_MEMORY_HANDOFF: value };
    return (await run("print-features.js", { env })).handoff;
  };
  expect(await handoffWith("node-api")).toBe("node-api");
  expect(await handoffWith("")).toBe(tested ? "v8" : "node-api");
});

test("`features.detachKeys` is true with V8's hand-off on V8 13 and newer", () => {
  const expected = features.handoff === "v8" && parseInt(process.versions.v8) >= 13;
  expect(features.detachKeys).toBe(expected);
});

describe("100,000 memories, created within one turn of the event loop,", () => {
  const testV8 = tested ? test : test.skip;

  testV8("are released on the way with V8's hand-off (needs a tested version)", async () => {
    const result = await run("make-in-a-loop.js", { env: { LINEAR_MEMORY_HANDOFF: "" } });
    expect(result.handoff).toBe("v8");
    expect(result.made).toBe(100_000);
    expect(result.most).toBeLessThan(20_000);
    expect(result.left).toBeLessThan(1000);
  });

  test("end in a RangeError with Node-API's hand-off, until the next turn", async () => {
    const env = { LINEAR_MEMORY_HANDOFF: "node-api" };
    const result = await run("make-in-a-loop.js", { env });
    expect(result.handoff).toBe("node-api");
    expect(result.error.name).toBe("RangeError");
    expect(result.error.message).toMatch(/^Memory: out of memory mappings: /);
    expect(result.made).toBeGreaterThanOrEqual(24_000);
    expect(result.again).toBe(PAGE);
    expect(result.left).toBeLessThan(1000);
  });
});
