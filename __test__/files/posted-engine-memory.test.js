"use strict";

// The pages of a file through a memory that does not know the file: in a thread that was posted the engine
// memory instead of the token of `share()`.

const fs = require("node:fs");

const { Memory } = require("../..");
const { useFiles } = require("../support/files");
const { resultOf } = require("../support/workers");

const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);

const PAGE = 65_536;

const program = `
  const memory = Memory.from(data.memory);
  const image = new Memory({ initial: 1 }).snapshot();
  const calls = {
    discard: () => memory.discard(0, data.PAGE),
    restore: () => memory.restore(image),
    map: () => memory.map(0, data.file),
  };
  const errors = Object.entries(calls).map(([name, call]) => {
    try {
      call();
      return [name, "nothing thrown"];
    } catch (error) {
      return [name, error.name + ": " + error.message];
    }
  });
  port.postMessage(Object.fromEntries(errors));`;

test("discard(), restore() and map() throw in a thread that only has the engine memory of a file", async () => {
  const file = newFile(Buffer.alloc(PAGE, 1));
  const other = newFile(Buffer.alloc(PAGE, 2));
  const shared = Memory.open(file, { mode: "r+", shared: true, maximum: 2 });
  const errors = await resultOf(program, { memory: shared.toWebAssembly(), file: other, PAGE });
  const text = "cannot replace pages of a writable file mapping";
  expect(errors.discard).toBe(`TypeError: Memory.discard(): ${text}`);
  expect(errors.restore).toBe(`TypeError: Memory.restore(): ${text}`);
  expect(errors.map).toBe(`TypeError: Memory.map(): ${other}: ${text}`);
  const bytes = new Uint8Array(shared.buffer);
  bytes[5] = 3;
  shared.flushSync();
  const found = fs.readFileSync(file);
  expect([bytes[0], found[0], found[5]]).toEqual([1, 1, 3]);
});

test("discard(), restore() and map() work at the addresses of a file that was closed", () => {
  const file = newFile(Buffer.alloc(PAGE, 1));
  for (let round = 0; round < 5; round++) {
    Memory.open(file, { mode: "r+", maximum: 2 }).close();
    const next = new Memory({ initial: 1, maximum: 2 });
    next.map(0, file);
    expect(next.discard(0, PAGE)).toBeGreaterThanOrEqual(0);
    next.restore(new Memory({ initial: 1 }).snapshot());
    next.close();
  }
});
