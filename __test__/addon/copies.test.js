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

/** Installs two copies of the package, and returns their folders. */
function twoCopies() {
  const parent = newFile();
  fs.mkdirSync(parent);
  return ["one", "two"].map((name) => copyPackage(parent, name));
}

test("two copies share the state of snapshots and mapped files", async () => {
  expect(await run("use-two-copies.js", { args: twoCopies() })).toEqual({
    sameClass: false,
    seenByTheOther: [7, 7],
    discardedByTheOther: [7, 0, 0],
    restored: [7, 7, 7],
    restoredOver: [7, 7, 7],
    ...(features.mappedFiles && { lost: 0, reported: "RangeError", reportedByTheOther: null }),
    // The worker uses the addon that was loaded first.
    firstInTheWorker: null,
  });
});

test("two copies load one addon, even if its file has been removed", async () => {
  const addons = await run("compare-addons-of-copies.js", { args: twoCopies() });
  expect(addons).toEqual({ same: true, sameAfterRemoval: true });
});
