"use strict";

// Memories opened by descriptor: neither the descriptor's flags nor its other holders affect them.

const { spawn } = require("node:child_process");
const fs = require("node:fs");
const { once } = require("node:events");
const path = require("node:path");

const { Memory } = require("../..");
const { useFiles, descriptorsOf } = require("../support/files");
const { thrownBy } = require("../support/thrown");
const { startWorker } = require("../support/workers");

const PAGE = 65_536;
const TIMES = 800;
const program = path.join(__dirname, "..", "fixtures", "grow-inherited-descriptor.js");
const root = path.join(__dirname, "..", "..");

const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);

/** Calls `action` with a descriptor, and closes it. */
async function withDescriptor(file, flags, action) {
  const descriptor = fs.openSync(file, flags);
  try {
    return await action(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Expects that each page was added by exactly one grower, whose mark it has. */
function expectDisjoint(file, grown) {
  const total = grown.length * TIMES;
  const pages = grown.flat().sort((a, b) => a - b);
  expect(pages).toEqual(Array.from({ length: total }, (_, index) => index + 1));
  const content = fs.readFileSync(file);
  expect(content.length).toBe((total + 1) * PAGE);
  const marks = grown.map((own) => [...new Set(own.map((page) => content[page * PAGE]))]);
  expect(marks).toEqual(grown.map((_, index) => [index + 1]));
}

test("threads that grow a file by the same descriptor never add the same page", async () => {
  const file = newFile(Buffer.alloc(PAGE));
  await withDescriptor(file, "r+", async (descriptor) => {
    const turn = new Int32Array(new SharedArrayBuffer(4));
    const workers = [1, 2].map((mark) =>
      startWorker(
        `const memory = Memory.open(data.descriptor, { mode: "r+", maximum: 4000, shared: true });
         Atomics.add(data.turn, 0, 1);
         while (Atomics.load(data.turn, 0) < 2);
         const pages = [];
         for (let round = 0; round < ${TIMES}; round++) {
           const page = memory.grow(1);
           Atomics.store(new Int32Array(memory.buffer), page * ${PAGE / 4}, data.mark);
           pages.push(page);
         }
         port.postMessage(pages);`,
        { descriptor, turn, mark },
      ),
    );
    const grown = await Promise.all(
      workers.map(async (worker) => {
        const [[pages]] = await Promise.all([once(worker, "message"), once(worker, "exit")]);
        return pages;
      }),
    );
    expectDisjoint(file, grown);
  });
});

test("processes that grow a file by an inherited descriptor never add the same page", async () => {
  const file = newFile(Buffer.alloc(PAGE));
  await withDescriptor(file, "r+", async (descriptor) => {
    const peers = await Promise.all(
      [1, 2].map(async (mark) => {
        const stdio = ["pipe", "pipe", "inherit", descriptor];
        const peer = spawn(process.execPath, [program, 3, TIMES, mark].map(String), { stdio });
        let text = "";
        peer.stdout.on("data", (data) => (text += data));
        await once(peer.stdout, "data");
        return { peer, read: () => JSON.parse(text.split("\n")[1]) };
      }),
    );
    for (const { peer } of peers) peer.stdin.end("go");
    await Promise.all(peers.map(({ peer }) => once(peer, "close")));
    expectDisjoint(
      file,
      peers.map(({ read }) => read()),
    );
  });
});

test.each(["a+", fs.constants.O_RDWR | fs.constants.O_APPEND])(
  "an appending descriptor (%s) keeps the bytes that a module stores in pages that it added",
  async (flags) => {
    const file = newFile(Buffer.alloc(PAGE, 1));
    await withDescriptor(file, flags, (descriptor) => {
      const memory = Memory.open(descriptor, { mode: "r+", maximum: 8 });
      memory.toWebAssembly().grow(1);
      new Uint8Array(memory.buffer)[PAGE + 7] = 9;
      memory.flushSync();
      expect(memory.type().minimum).toBe(2);
      expect(new Uint8Array(memory.buffer)[PAGE + 7]).toBe(9);
      const content = fs.readFileSync(file);
      expect([content.length, content[PAGE - 1], content[PAGE + 7]]).toEqual([2 * PAGE, 1, 9]);
      memory.grow(1);
      expect(fs.statSync(file).size).toBe(3 * PAGE);
      memory.close();
    });
  },
);

test("the descriptor stays open and keeps its flags, and close() closes the memory's own", async () => {
  const file = newFile(Buffer.alloc(PAGE, 1));
  await withDescriptor(file, "a+", (descriptor) => {
    const memory = Memory.open(descriptor, { mode: "r+" });
    expect(descriptorsOf(file)).toHaveLength(2);
    memory.close();
    expect(descriptorsOf(file)).toEqual([`${descriptor}`]);
    fs.writeSync(descriptor, "x", 0);
    expect(fs.statSync(file).size).toBe(PAGE + 1);
  });
});

test("a deleted file can be opened, grown and shared by descriptor", async () => {
  const file = newFile(Buffer.alloc(PAGE, 1));
  await withDescriptor(file, "a+", (descriptor) => {
    fs.unlinkSync(file);
    const [one, other] = [1, 2].map(() =>
      Memory.open(descriptor, { mode: "r+", maximum: 4, shared: true }),
    );
    one.grow(1);
    new Uint8Array(one.buffer)[PAGE] = 5;
    expect(other.grow(0)).toBe(2);
    expect(new Uint8Array(other.buffer)[PAGE]).toBe(5);
    expect(fs.fstatSync(descriptor).size).toBe(2 * PAGE);
    one.close();
    other.close();
  });
});

test("open() rejects a descriptor that is not open for the mode", async () => {
  const file = newFile(Buffer.alloc(PAGE, 1));
  const before = fs.readFileSync(file);
  const options = { r: {}, "r+": { initial: 2 }, "w+": { initial: 1 } };
  for (const [flags, modes] of [
    ["r", ["r+", "w+"]],
    [fs.constants.O_WRONLY, ["r", "r+", "w+"]],
    ["a", ["r", "r+", "w+"]],
  ]) {
    await withDescriptor(file, flags, (descriptor) => {
      for (const mode of modes) {
        const error = thrownBy(() => Memory.open(descriptor, { mode, ...options[mode] }));
        expect(error).toMatchObject({ name: "RangeError", code: "EACCES" });
        expect(error.message).toMatch(`Memory.open(): ${descriptor}: the descriptor must be open`);
      }
      expect(descriptorsOf(file)).toEqual([`${descriptor}`]);
      expect(fs.readFileSync(file).equals(before)).toBe(true);
    });
  }
});

test("open() rejects a file that this process may not reopen, and leaves its bytes", async () => {
  const file = newFile(Buffer.alloc(PAGE, 1));
  const script = `
    const { Memory } = require(${JSON.stringify(root)});
    // Root may open every file.
    if (process.getuid() === 0) process.setuid(65534);
    for (const options of [{ mode: "r+" }, { mode: "w+", initial: 2 }]) {
      try {
        Memory.open(3, options);
      } catch ({ name, code, message }) {
        console.log(name, code, message);
      }
    }`;
  await withDescriptor(file, "r+", async (descriptor) => {
    fs.chmodSync(file, 0o400);
    const stdio = ["ignore", "pipe", "inherit", descriptor];
    const child = spawn(process.execPath, ["-e", script], { stdio });
    let text = "";
    child.stdout.on("data", (data) => (text += data));
    await once(child, "close");
    const expected =
      /^RangeError EACCES Memory\.open\(\): 3: the file of descriptor 3 cannot be opened again/;
    const lines = text.trim().split("\n");
    expect(lines).toEqual([expect.stringMatching(expected), expect.stringMatching(expected)]);
    expect(fs.readFileSync(file).equals(Buffer.alloc(PAGE, 1))).toBe(true);
  });
});
