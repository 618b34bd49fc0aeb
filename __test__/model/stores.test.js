"use strict";

// A short run of the model of all stores (soak/model): always the same sequences, and some that no run
// had before.

const { execFile } = require("node:child_process");
const path = require("node:path");
const { promisify } = require("node:util");

const { features } = require("../..");

const program = path.join(__dirname, "..", "..", "soak", "model", "run.js");

jest.setTimeout(300_000);

// It maps files, and asks the kernel.
const here = features.mappedFiles && process.platform === "linux" ? test : test.skip;

here.each([
  ["the same sequences", ["--seed", "1", "--count", "60", "--seconds", "200"]],
  ["sequences from a new seed", ["--count", "60", "--seconds", "200"]],
])("each byte is what a plain array says it is, in %s (Linux)", async (_, args) => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args]);
  expect(stdout).toMatch(/^model: 60 sequences, 4800 operations, no difference$/m);
});
