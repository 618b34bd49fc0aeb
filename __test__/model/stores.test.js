"use strict";

// Short runs of the model of all stores (soak/model): one with a fixed seed, and one with a new seed.

const { execFile } = require("node:child_process");
const path = require("node:path");
const { promisify } = require("node:util");

const { features } = require("../..");

const program = path.join(__dirname, "..", "..", "soak", "model", "run.js");

jest.setTimeout(300_000);

// The model maps files and reads /proc.
const here = features.mappedFiles && process.platform === "linux" ? test : test.skip;

here.each([
  ["sequences of a fixed seed", ["--seed", "1", "--count", "60", "--seconds", "200"]],
  ["sequences of a new seed", ["--count", "60", "--seconds", "200"]],
])("each byte equals that of a plain array, in %s (Linux)", async (_, args) => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args]);
  expect(stdout).toMatch(/^model: 60 sequences, 4800 operations, no difference$/m);
});
