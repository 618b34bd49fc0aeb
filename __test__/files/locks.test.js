"use strict";

// The lock of a file's length, after the thread that holds it was terminated.

const fs = require("node:fs");
const vm = require("node:vm");

const { Memory } = require("../..");
const { useFiles } = require("../support/files");
const { run } = require("../support/run-fixture");
const { resultOf } = require("../support/workers");

const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);

const PAGE = 65_536;

test("a thread that is terminated during grow() ends and leaves no lock", async () => {
  const { rounds, sizes } = await run("terminate-while-growing-file.js", { args: [newFile()] });
  expect(sizes).toEqual(Array.from({ length: rounds }, (_, round) => round + 2));
});

test("a vm timeout during grow() leaves no lock", async () => {
  const file = newFile(Buffer.alloc(PAGE));
  const memory = Memory.open(file, { mode: "r+", maximum: 200, shared: true });
  const context = vm.createContext({ memory });
  for (let round = 0; round < 10; round++) {
    const endless = () => vm.runInContext("for (;;) memory.grow(0)", context, { timeout: 2 });
    expect(endless).toThrow(/timed out/);
    const before = await resultOf(
      `const memory = Memory.from(data);
       port.postMessage(memory.grow(1));`,
      memory.share(),
    );
    expect(before).toBe(round + 1);
  }
  memory.grow(0);
  expect(fs.statSync(file).size).toBe(11 * PAGE);
  memory.close();
});
