"use strict";

// Memory.flush() and Memory.flushSync().

const fs = require("node:fs");

const { Memory } = require("../..");
const { useFiles, openFilesWithin } = require("../support/files");

const PAGE = 65_536;

const { directory, newFile, removeFiles } = useFiles();
afterAll(removeFiles);

let memory;
beforeEach(() => {
  memory = Memory.open(newFile(), { mode: "w+", initial: 4 });
});
afterEach(() => memory.close());

test("flush() resolves to undefined, in a later turn, and flushSync() returns undefined", async () => {
  let isSettled = false;
  const promise = memory.flush().then((value) => {
    isSettled = true;
    return value;
  });
  // Runs after all microtasks of this turn: a promise that is settled by now runs its reactions before.
  await new Promise(process.nextTick);
  expect(isSettled).toBe(false);
  expect(await promise).toBe(undefined);
  expect(memory.flushSync()).toBe(undefined);
});

test("flush() can be pending many times, for parts and for the whole memory", async () => {
  const flushes = [];
  for (let round = 0; round < 64; round++) {
    new Uint8Array(memory.buffer).fill(round);
    flushes.push(memory.flush(), memory.flush(round * 100, round), memory.flush(4 * PAGE, 0));
  }
  expect(await Promise.all(flushes)).toEqual(Array(3 * 64).fill(undefined));
});

test("a pending flush() outlives close()", async () => {
  const promise = memory.flush();
  memory.close();
  await promise;
  expect(openFilesWithin(directory)).toEqual([]);
});

test.each([
  ["offset", -1, undefined],
  ["offset", 0.5, undefined],
  ["offset", NaN, 0],
  ["offset", 4 * PAGE + 1, undefined],
  ["offset", 2 ** 60, 1],
  ["length", 0, -1],
  ["length", 0, 1.5],
  ["length", 0, Infinity],
  ["4097 bytes at offset 258048", 63 * 4096, 4097],
])("flush() and flushSync() reject a bad %s: %p, %p", async (name, offset, length) => {
  const wanted = new RegExp(`^Memory\\.flush(Sync)?\\(\\): ${name}`);
  expect(() => memory.flushSync(offset, length)).toThrow(RangeError);
  expect(() => memory.flushSync(offset, length)).toThrow(wanted);
  await expect(memory.flush(offset, length)).rejects.toThrow(RangeError);
  await expect(memory.flush(offset, length)).rejects.toThrow(wanted);
});

test("flush() and flushSync() reject arguments that are not numbers", async () => {
  for (const value of ["0", null, 0n, {}, Symbol("0")]) {
    expect(() => memory.flushSync(value)).toThrow(TypeError);
    expect(() => memory.flushSync(0, value)).toThrow(TypeError);
    await expect(memory.flush(value)).rejects.toThrow(TypeError);
  }
});

test("flush() and flushSync() reject memories without a writable file", async () => {
  for (const other of [new Memory({ initial: 1 }), Memory.open(newFile(Buffer.alloc(PAGE)))]) {
    expect(() => other.flushSync()).toThrow(TypeError);
    expect(() => other.flushSync()).toThrow("the memory is not backed by a writable file");
    await expect(other.flush()).rejects.toThrow(TypeError);
    other.close();
  }
  await expect(Memory.prototype.flush.call({})).rejects.toThrow(TypeError);
});

test("flushSync() does not extend the file if its arguments are bad", () => {
  const file = newFile();
  const grown = Memory.open(file, { mode: "w+", initial: 1, maximum: 4 });
  grown.toWebAssembly().grow(1);
  expect(() => grown.flushSync(-1)).toThrow(RangeError);
  expect(fs.statSync(file).size).toBe(PAGE);
  grown.flushSync(PAGE);
  expect(fs.statSync(file).size).toBe(2 * PAGE);
  grown.close();
});
