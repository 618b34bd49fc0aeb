"use strict";

// When pages are released and when they stay, by what the kernel reports.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const zlib = require("node:zlib");

const { Memory } = require("../..");
const native = require("../../native");
const { collectGarbage } = require("../support/gc");
const { addressSpaceBytes, protectionAt, residentBytes } = require("../support/proc");
const { run } = require("../support/run-fixture");

const PAGE = 65_536;
const GIB = 2 ** 30;

const address = (memory) => native.address(new Uint8Array(memory.buffer));

/** Creates a memory, passes it to `use`, and returns its address; nothing here references it afterwards. */
function addressOfDropped(use) {
  const memory = new Memory({ initial: 1, maximum: 1 });
  const at = address(memory);
  use(memory);
  return at;
}

// Each memory reserves 4 GiB, so a single one that is left shows. The engine heap varies in size.
test.each([
  ["20,000 empty memories", "empty"],
  ["20,000 memories of one page", "touched"],
  ["1,000 memories that grew ten times", "grown"],
  ["400 memories that moved into the engine", "moved"],
])("garbage collection unmaps %s", async (_, kind) => {
  const more = await run("make-and-drop.js", { args: [kind] });
  expect(more.space).toBeLessThan(GIB);
  expect(more.mappings).toBeLessThan(500);
  expect(more.resident).toBeLessThan(100 * 2 ** 20);
});

test("a constructor that throws leaks no address space", async () => {
  const before = addressSpaceBytes();
  for (let i = 0; i < 100; i++) {
    expect(() => new Memory({ initial: 2, maximum: 1 })).toThrow(RangeError);
    expect(() => new Memory({ initial: 262_145n, address: "i64" })).toThrow(RangeError);
  }
  expect(addressSpaceBytes() - before).toBeLessThan(GIB);
});

test("a collected memory is unmapped", async () => {
  const at = addressOfDropped(() => {});
  await collectGarbage(() => protectionAt(at) === undefined);
  expect(protectionAt(at)).toBeUndefined();
});

test("a view keeps the pages of a collected memory mapped, with their bytes", async () => {
  let view;
  const at = addressOfDropped((memory) => {
    view = new Uint8Array(memory.buffer, 100, 50).fill(6);
  });
  await collectGarbage();
  expect(protectionAt(at)).toBe("rw-p");
  expect(view.every((byte) => byte === 6)).toBe(true);
  expect(view.length).toBe(50);
});

test("accesses past the size fault, and so do those of the guard page", () => {
  const memory = new Memory({ initial: 1, maximum: 3 });
  const base = address(memory);
  expect(protectionAt(base + PAGE - 1)).toBe("rw-p");
  expect(protectionAt(base + PAGE)).toBe("---p");
  expect(protectionAt(base + 3 * PAGE)).toBe("---p");
  memory.grow(2);
  expect(address(memory)).toBe(base);
  expect(protectionAt(base + 3 * PAGE - 1)).toBe("rw-p");
  expect(protectionAt(base + 3 * PAGE)).toBe("---p");
});

test("`grow()` copies nothing and touches no page", () => {
  const memory = new Memory({ initial: 1 });
  const before = residentBytes();
  memory.grow(10_000);
  expect(memory.buffer.byteLength).toBe(10_001 * PAGE);
  expect(residentBytes() - before).toBeLessThan(64 * 2 ** 20);
});

describe("native code that reads a detached buffer", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));

  afterAll(() => fs.rmSync(folder, { recursive: true }));

  /** Starts a job on the bytes of a memory, grows the memory and drops it. */
  function startJob(start) {
    let job;
    const at = addressOfGrown((memory) => {
      job = start(Buffer.from(memory.buffer));
    });
    return { job, at };
  }

  function addressOfGrown(use) {
    const memory = new Memory({ initial: 256, maximum: 300 });
    new Uint8Array(memory.buffer).fill(3);
    const at = address(memory);
    use(memory);
    memory.grow(1);
    return at;
  }

  const expected = Buffer.alloc(256 * PAGE, 3);

  test.each([
    [
      "`fs.write()`",
      (bytes) =>
        new Promise((resolve, reject) => {
          const file = path.join(folder, "written");
          fs.write(fs.openSync(file, "w"), bytes, (error) =>
            error ? reject(error) : resolve(fs.readFileSync(file)),
          );
        }),
    ],
    [
      "`zlib.gzip()`",
      (bytes) =>
        new Promise((resolve, reject) => {
          zlib.gzip(bytes, (error, result) =>
            error ? reject(error) : resolve(zlib.gunzipSync(result)),
          );
        }),
    ],
  ])("%s reads all pages, and only then they are unmapped", async (_, start) => {
    const { job, at } = startJob(start);
    const collection = collectGarbage();
    expect((await job).equals(expected)).toBe(true);
    await collection;
    await collectGarbage(() => protectionAt(at) !== "rw-p");
    expect(protectionAt(at)).not.toBe("rw-p");
  });
});
