"use strict";

// Buffers that were linked as the heap of an asm.js module: they can no longer be detached.

const { run } = require("../support/run-fixture");

const PAGE = 65_536;

const v8 = parseInt(process.versions.v8);

describe.each(["v8", "node-api"])(
  "a buffer that is an asm.js heap, with the hand-off %s:",
  (wanted) => {
    let result;

    beforeAll(async () => {
      const env = { LINEAR_MEMORY_HANDOFF: wanted };
      result = await run("detach-asm-heap.js", { env });
    });

    const outcomesOf = (kind) => result.outcomes.filter((outcome) => outcome.kind === kind);

    test("members that would detach it throw, and the memory is unchanged", () => {
      const outcomes = outcomesOf("reserved");
      expect(outcomes.length).toBe(5);
      for (const { member, error, isUnchanged, usage } of outcomes) {
        // The engine's own `grow()` throws a RangeError too, on Node.js 20.
        const name = member.startsWith("grow") ? "RangeError" : "TypeError";
        const called = `Memory.${member.replace(/\d/, "")}`;
        const message = `${called}: buffer: linked as an asm.js heap, it can no longer be detached`;
        expect({ member, error, isUnchanged, usage }).toEqual({
          member,
          error: { name, code: "ERR_LINEAR_MEMORY_NOT_DETACHABLE", message },
          isUnchanged: true,
          usage: 2 * PAGE,
        });
      }
    });

    test("so they do for a resizable one (V8 before 12 accepts it as a heap)", () => {
      const outcomes = outcomesOf("resizable");
      expect(outcomes.length).toBe(3);
      for (const { member, error, isUnchanged } of outcomes) {
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
  },
);
