"use strict";

// A buffer that was linked as the heap of an asm.js module can no longer be detached.

const { run } = require("../support/run-fixture");

const PAGE = 65_536;

const v8 = parseInt(process.versions.v8);

describe.each(["v8", "node-api"])("with the hand-off %s, of an asm.js heap", (wanted) => {
  let result;

  beforeAll(async () => {
    const env = { LINEAR_MEMORY_HANDOFF: wanted };
    result = await run("asm-heap.js", { env });
  });

  const outcomesOf = (kind) => result.outcomes.filter((outcome) => outcome.kind === kind);

  test("what would detach it throws, and the memory is as it was", () => {
    const outcomes = outcomesOf("reserved");
    expect(outcomes.length).toBe(5);
    for (const { member, error, isUnchanged, usage } of outcomes) {
      // As the engine's own grow() does on Node.js 20.
      const name = member.startsWith("grow") ? "RangeError" : "TypeError";
      const called = `Memory.${member.replace(/\d/, "")}`;
      const message = `${called}: buffer: linked as an asm.js heap, it can no longer be detached`;
      expect({ member, error, isUnchanged, usage }).toEqual({
        member,
        error: { name, message },
        isUnchanged: true,
        usage: 2 * PAGE,
      });
    }
  });

  test("so it does if it is resizable (V8 before 12 takes such a heap)", () => {
    for (const { member, error, isUnchanged } of outcomesOf("resizable")) {
      if (v8 >= 12) {
        expect(error).toBeUndefined();
        continue;
      }
      expect(error.name).toBe("TypeError");
      expect(error.message).toMatch(/ linked as an asm\.js heap, it can no longer be detached$/);
      expect(error.message.startsWith(`Memory.${member}: buffer: `)).toBe(true);
      expect(isUnchanged).toBe(true);
    }
  });
});
