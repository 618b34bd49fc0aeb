"use strict";

// Several copies of the package in one process.

const fs = require("node:fs");

const { features } = require("../..");
const { copyPackage } = require("../support/copy-package");
const { useFiles } = require("../support/files");
const { run } = require("../support/run-fixture");

jest.setTimeout(60_000);

const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);

/** The folders of two copies. */
function twoCopies() {
  const parent = newFile();
  fs.mkdirSync(parent);
  return ["one", "two"].map((name) => copyPackage(parent, name));
}

test("two copies know of each other's snapshots and files", async () => {
  expect(await run("two-copies.js", { args: twoCopies() })).toEqual({
    sameClass: false,
    seenByTheOther: [7, 7],
    discardedByTheOther: [7, 0, 0],
    restored: [7, 7, 7],
    restoredOver: [7, 7, 7],
    ...(features.mappedFiles && { lost: 0, told: "RangeError", toldToTheOther: null }),
    // The addon that the worker got is the one that was loaded first.
    firstInTheWorker: null,
  });
});

test("two copies use one addon, also if its file has gone", async () => {
  const addons = await run("addons-of-copies.js", { args: twoCopies() });
  expect(addons).toEqual({ same: true, sameAfterRemoval: true });
});
