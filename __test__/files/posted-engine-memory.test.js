"use strict";

// Memories that do not know of the file at their addresses: in a thread that was posted the engine memory
// instead of the token of `share()`, and where the engine has unmapped a file.

const fs = require("node:fs");

const { Memory } = require("../..");
const { useFiles } = require("../support/files");
const { collectGarbage } = require("../support/gc");
const { protectionAt } = require("../support/proc");
const { PAGE, addressOf, fill, pageValues } = require("../support/stores");
const { resultOf } = require("../support/workers");

const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);

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

/** Moves a memory of a file into the engine, and returns its address there; nothing references it afterwards. */
function addressOfDropped(file) {
  const memory = Memory.open(file, { mode: "r+", maximum: 2 });
  memory.toWebAssembly();
  return addressOf(memory);
}

test("discard(), restore() and map() work at the addresses of a file that the engine has unmapped", async () => {
  const file = newFile(Buffer.alloc(PAGE, 1));
  const image = new Memory({ initial: 1 }).snapshot();
  // All are kept: those of earlier rounds fill the gaps at higher addresses, which the system prefers.
  const memories = [];
  let next;
  for (let round = 0; round < 50 && next === undefined; round++) {
    const address = addressOfDropped(file);
    await collectGarbage(() => protectionAt(address) === undefined);
    memories.push(Memory.from(new WebAssembly.Memory({ initial: 1, maximum: 2 })));
    next = memories.find((memory) => addressOf(memory) === address);
  }
  expect(next).toBeInstanceOf(Memory);
  fill(next, 5);
  expect(next.discard(0, PAGE)).toBe(PAGE);
  expect(pageValues(next)).toEqual([0]);
  next.map(0, file);
  expect(pageValues(next)).toEqual([1]);
  next.restore(image);
  expect(pageValues(next)).toEqual([0]);
  expect(fs.readFileSync(file).equals(Buffer.alloc(PAGE, 1))).toBe(true);
});
