"use strict";

// Files that end within a system page: bytes written beyond the end are private to one memory.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const { Worker } = require("node:worker_threads");
const { once } = require("node:events");
const path = require("node:path");

const { Memory } = require("../..");
const { useFiles, openFilesWithin } = require("../support/files");
const { collectGarbage } = require("../support/gc");
const { run } = require("../support/run-fixture");

const PAGE = 65_536;
const LENGTH = 100_000;
const root = path.join(__dirname, "..", "..");

const { directory, newFile, removeFiles } = useFiles();
const memories = [];
afterEach(() => {
  for (const memory of memories.splice(0)) memory.close();
});
afterAll(removeFiles);

const content = Buffer.alloc(LENGTH, 1);
const newContent = () => newFile(content);

function open(file, options = { mode: "r+" }) {
  const memory = Memory.open(file, options);
  memories.push(memory);
  return memory;
}

const bytesOf = (memory) => new Uint8Array(memory.buffer);
const byteOf = (file, at) => fs.readFileSync(file)[at];

/** Opens the file in another process, and returns the byte at that offset. */
const byteInAnotherProcess = (file, mode, at) =>
  Number(
    execFileSync(process.execPath, [
      "-p",
      `const { Memory } = require(${JSON.stringify(root)});
       new Uint8Array(Memory.open(${JSON.stringify(file)}, { mode: "${mode}" }).buffer)[${at}]`,
    ]),
  );

describe.each(["r", "r+"])("another memory of mode %s", (mode) => {
  test("does not see bytes written beyond the end", () => {
    const file = newContent();
    const memory = open(file);
    bytesOf(memory)[100_500] = 7;
    expect(byteInAnotherProcess(file, mode, 100_500)).toBe(0);
    expect(bytesOf(open(file, { mode }))[100_500]).toBe(0);
    expect(bytesOf(memory)[100_500]).toBe(7);
    memory.flushSync();
    expect(byteInAnotherProcess(file, mode, 100_500)).toBe(0);
    expect(bytesOf(memory)[100_500]).toBe(7);
    expect(fs.statSync(file).size).toBe(LENGTH);
  });
});

test("a new memory has no bytes that others map beyond the end, not even after discard()", () => {
  const file = newContent();
  // An engine memory of the file while it was longer: it maps the whole page.
  fs.truncateSync(file, 2 * PAGE);
  const mapped = open(file, { mode: "r+", shared: true, maximum: 2 });
  fs.truncateSync(file, LENGTH);
  bytesOf(mapped)[100_500] = 9;
  const memory = open(file, { mode: "r" });
  expect(bytesOf(memory)[100_500]).toBe(0);
  bytesOf(memory)[LENGTH - 1] = 8;
  bytesOf(memory)[LENGTH] = 8;
  memory.discard(PAGE, PAGE);
  expect([...bytesOf(memory).subarray(LENGTH - 1, LENGTH + 1)]).toEqual([1, 0]);
  expect(bytesOf(memory)[100_500]).toBe(0);
});

describe("bytes before the end reach the file", () => {
  const store = (memory) => {
    bytesOf(memory)[LENGTH - 1] = 5;
  };

  const ways = {
    "flushSync()": (memory) => memory.flushSync(),
    "any member": (memory) => memory.type(),
    buffer: (memory) => memory.buffer,
    "grow(0)": (memory) => memory.grow(0),
    "grow()": (memory) => memory.grow(3),
    "toWebAssembly()": (memory) => memory.toWebAssembly(),
  };
  test.each(Object.entries(ways))("by %s", (_, use) => {
    const file = newContent();
    const memory = open(file);
    store(memory);
    expect(byteOf(file, LENGTH - 1)).toBe(1);
    use(memory);
    expect(byteOf(file, LENGTH - 1)).toBe(5);
  });

  test("by flush()", async () => {
    const file = newContent();
    const memory = open(file);
    store(memory);
    await memory.flush();
    expect(byteOf(file, LENGTH - 1)).toBe(5);
  });

  test("by close()", () => {
    const file = newContent();
    const memory = Memory.open(file, { mode: "r+" });
    store(memory);
    memory.close();
    expect([byteOf(file, LENGTH - 1), fs.statSync(file).size]).toEqual([5, LENGTH]);
    expect(openFilesWithin(directory)).toEqual([]);
  });

  test("when the memory is collected", async () => {
    const file = newContent();
    (() => store(Memory.open(file, { mode: "r+" })))();
    await collectGarbage(() => openFilesWithin(directory).length === 0);
    expect(openFilesWithin(directory)).toEqual([]);
    expect([byteOf(file, LENGTH - 1), fs.statSync(file).size]).toEqual([5, LENGTH]);
  });

  test("when the memory is collected after it has grown with the file", async () => {
    const file = newContent();
    (() => {
      const memory = Memory.open(file, { mode: "r+" });
      fs.appendFileSync(file, Buffer.alloc(300 * PAGE, 2));
      memory.grow(0);
      bytesOf(memory)[LENGTH + 300 * PAGE - 1] = 5;
    })();
    await collectGarbage(() => openFilesWithin(directory).length === 0);
    const after = fs.readFileSync(file);
    expect(after.length).toBe(LENGTH + 300 * PAGE);
    expect([after[LENGTH - 1], after.at(-2), after.at(-1)]).toEqual([1, 2, 5]);
  });

  test.each(["end", "exit", "throw", "worker", "terminate"])(
    "when the process or the thread ends: %s",
    async (way) => {
      const file = newContent();
      await run("write-last-byte.js", { args: [file, way] });
      expect([byteOf(file, LENGTH - 1), fs.statSync(file).size]).toEqual([5, LENGTH]);
    },
  );
});

test("two memories that change different bytes before the end both reach the file", () => {
  const file = newContent();
  const [one, other] = [open(file), open(file)];
  bytesOf(one)[LENGTH - 1] = 2;
  bytesOf(other)[LENGTH - 2] = 3;
  for (const memory of [one, other, one]) memory.flushSync();
  const end = fs.readFileSync(file).subarray(LENGTH - 3);
  expect([...end]).toEqual([1, 3, 2]);
  for (const memory of [one, other]) {
    expect([...bytesOf(memory).subarray(LENGTH - 3, LENGTH)]).toEqual([...end]);
  }
});

test("bytes that others write before the end are seen by the next call", () => {
  const file = newContent();
  const memory = open(file);
  const descriptor = fs.openSync(file, "r+");
  fs.writeSync(descriptor, Buffer.of(9), 0, 1, LENGTH - 2);
  fs.closeSync(descriptor);
  expect([...bytesOf(memory).subarray(LENGTH - 3, LENGTH)]).toEqual([1, 9, 1]);
});

test("grow() writes the bytes beyond the end to the file", () => {
  const file = newContent();
  const memory = open(file);
  for (const at of [LENGTH - 1, LENGTH, 100_500, 2 * PAGE - 1]) bytesOf(memory)[at] = 7;
  memory.grow(1);
  const after = fs.readFileSync(file);
  expect(after.length).toBe(3 * PAGE);
  expect(
    [LENGTH - 2, LENGTH - 1, LENGTH, LENGTH + 1, 100_500, 2 * PAGE - 1].map((at) => after[at]),
  ).toEqual([1, 7, 7, 0, 7, 7]);
  bytesOf(memory)[100_501] = 8;
  expect(byteOf(file, 100_501)).toBe(8);
});

test("grow(0) merges bytes beyond the end with bytes that others appended within the page", () => {
  const file = newContent();
  const memory = open(file);
  bytesOf(memory)[LENGTH + 5] = 7;
  fs.appendFileSync(file, Buffer.alloc(10, 2));
  expect(fs.readFileSync(file)[LENGTH + 5]).toBe(2);
  memory.grow(0);
  expect([...fs.readFileSync(file).subarray(LENGTH + 4)]).toEqual([2, 7, 2, 2, 2, 2]);
  expect([...bytesOf(memory).subarray(LENGTH + 4, LENGTH + 11)]).toEqual([2, 7, 2, 2, 2, 2, 0]);
});

test("calls throw after the file has lost its last page", () => {
  const file = newContent();
  const memory = Memory.open(file, { mode: "r+" });
  const bytes = bytesOf(memory);
  fs.truncateSync(file, PAGE);
  expect(() => memory.buffer).toThrow(`${file}: the mapped file was truncated`);
  fs.truncateSync(file, LENGTH);
  expect(() => memory.flushSync()).toThrow(`${file}: the mapped file was truncated`);
  expect(bytes[LENGTH - 1]).toBe(0);
  memory.close();
  expect(fs.statSync(file).size).toBe(LENGTH);
});

test("an engine memory extends the file to whole system pages", async () => {
  const SYSTEM_PAGE = Number(execFileSync("getconf", ["PAGESIZE"]));
  const rounded = Math.ceil(LENGTH / SYSTEM_PAGE) * SYSTEM_PAGE;
  const shared = newContent();
  const memory = open(shared, { mode: "r+", shared: true, maximum: 4 });
  expect(fs.statSync(shared).size).toBe(rounded);
  bytesOf(memory)[LENGTH] = 7;
  expect(byteOf(shared, LENGTH)).toBe(7);

  const moved = newContent();
  const unshared = open(moved);
  bytesOf(unshared)[LENGTH] = 7;
  bytesOf(unshared)[LENGTH - 1] = 6;
  unshared.toWebAssembly();
  expect(fs.statSync(moved).size).toBe(rounded);
  expect([...fs.readFileSync(moved).subarray(LENGTH - 2, LENGTH + 2)]).toEqual([1, 6, 7, 0]);
  bytesOf(unshared)[LENGTH + 1] = 8;
  expect(byteOf(moved, LENGTH + 1)).toBe(8);
  unshared.grow(1);
  bytesOf(unshared)[3 * PAGE - 1] = 9;
  expect(fs.readFileSync(moved).at(-1)).toBe(9);

  // Also after bytes are appended.
  fs.appendFileSync(shared, Buffer.of(3));
  memory.grow(0);
  expect(fs.statSync(shared).size).toBe(rounded + SYSTEM_PAGE);
  expect(bytesOf(memory)[rounded]).toBe(3);
});

test("a worker does not see bytes that another thread has written beyond the end", async () => {
  const file = newContent();
  const memory = open(file);
  bytesOf(memory)[100_500] = 7;
  const worker = new Worker(
    `const { Memory } = require(${JSON.stringify(root)});
     const memory = Memory.open(${JSON.stringify(file)}, { mode: "r+" });
     const bytes = new Uint8Array(memory.buffer);
     require("node:worker_threads").parentPort.postMessage(bytes[100_500]);
     bytes[${LENGTH - 1}] = 5;`,
    { eval: true },
  );
  const [[byte]] = await Promise.all([once(worker, "message"), once(worker, "exit")]);
  expect(byte).toBe(0);
  expect(byteOf(file, LENGTH - 1)).toBe(5);
  expect(bytesOf(memory)[LENGTH - 1]).toBe(5);
});
