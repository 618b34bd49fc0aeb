"use strict";

// A lost page is reported by the memory whose file lost it, and by no other.

const fs = require("node:fs");

const { useFiles } = require("../support/files");
const { run } = require("../support/run-fixture");

const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);

test("a loss is reported by its memory alone, although the engine uses addresses again", async () => {
  const { rounds, addresses, lost, reported, blamed } = await run("truncate-one-of-many-files.js", {
    args: [newFile()],
  });
  expect(addresses).toBeLessThan(rounds / 2);
  expect(lost).toBeGreaterThan(50);
  expect([reported, blamed]).toEqual([lost, 0]);
});

const text = "the mapped file was truncated or the disk failed";

test.each([
  ["inner", "inner"],
  ["outerBefore", "outer"],
  ["outerBehind", "outer"],
  ["underCopies", "outer"],
  ["underAll", "outer"],
  ["underLast", "outer"],
  ["copied", undefined],
])(
  "the error names the file that lost a page, of files mapped over each other: %s",
  async (name, blamed) => {
    const files = { outer: newFile(), inner: newFile() };
    const result = await run("truncate-overlapping-files.js", {
      args: [name, files.outer, files.inner],
    });
    if (blamed === undefined) expect(result).toEqual({ buffer: 16 * 65_536 });
    else
      expect(result.message).toBe(
        `Memory.buffer: ${files[blamed]}: ${text}; lost pages read as zero`,
      );
  },
);

const isRoot = process.getuid?.() === 0;
const onFullDisk = isRoot && fs.existsSync("/usr/bin/unshare") ? test : test.skip;

onFullDisk("the process survives stores to many holes on a full disk (needs root)", async () => {
  const directory = newFile();
  fs.mkdirSync(directory);
  const { hits, mappings, errors } = await run("store-in-holes-on-full-disk.js", {
    args: [directory],
  });
  expect(hits).toBeGreaterThan(32_768);
  expect(mappings).toBeLessThan(20_000);
  expect(errors).toEqual(new Array(41).fill(expect.stringContaining(text)));
});
