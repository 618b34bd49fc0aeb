"use strict";

// Growing and opening files without room on the disk.

const { useFiles } = require("../support/files");
const { run } = require("../support/run-fixture");

const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);

const PAGE = 65_536;

// In kilobytes for each file: 16 pages. On a full disk, only the errno differs.
const ulimit = "-f 1024";

test.each(["unshared", "shared"])(
  "grow() and open() without room throw a RangeError and change nothing: %s",
  async (kind) => {
    const file = newFile();
    const result = await run("fill-disk.js", { args: [file, kind], ulimit });
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
