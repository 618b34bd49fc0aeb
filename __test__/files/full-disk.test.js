"use strict";

const { useFiles } = require("../support/files");
const { run } = require("../support/run-fixture");

const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);

const PAGE = 65_536;

// Kilobytes that a file may have: 16 pages. What the system says where the disk itself is full differs
// in its number alone.
const ulimit = "-f 1024";

test.each(["unshared", "shared"])(
  "no room to grow or to open, %s: a RangeError, and nothing changed",
  async (kind) => {
    const file = newFile();
    const result = await run("full-disk.js", { args: [file, kind], ulimit });
    const state = { pages: 3, size: 3 * PAGE, isFilled: true };
    expect(result.before).toEqual(state);
    expect(result.after).toEqual(state);
    expect(result.errors).toHaveLength(3);
    for (const { name, message, code } of result.errors) {
      expect([name, code]).toEqual(["RangeError", "EFBIG"]);
      expect(message).toMatch(/^Memory\.grow\(\): /);
      expect(message).toContain(file);
    }
    expect(result.isSame).toBe(true);
    expect(result.grown).toBe(3);
    expect(result.refusal).toMatchObject({ name: "RangeError", code: "EFBIG" });
    expect([result.open, result.isLeft]).toEqual([[], false]);
    expect(result.kept).toEqual(
      ["r+", "w+"].map((mode) => ({ mode, code: "EFBIG", isSame: true })),
    );
  },
);
