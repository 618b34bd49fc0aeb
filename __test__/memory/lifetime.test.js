"use strict";

// When pages are released, and when they are not, by the kernel's own figures.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const zlib = require("node:zlib");

const { Memory, features } = require("../..");
const native = require("../../native");
const { collectGarbage } = require("../support/gc");
const { addressSpaceBytes, protectionAt, residentBytes } = require("../support/proc");
const { run } = require("../support/run-fixture");

const PAGE = 65_536;
const GIB = 2 ** 30;

const address = (memory) => native.address(new Uint8Array(memory.buffer));

/** Where a memory was that nobody holds any more: `use` makes it, and lets it go. */
function addressOfDropped(use) {
  const memory = new Memory({ initial: 1, maximum: 1 });
  const at = address(memory);
  use(memory);
  return at;
}

// Each memory reserves 4 GiB: a single one left would show. The engine's own heap varies.
test.each([
  ["20,000 empty memories", "empty"],
  ["20,000 memories of a page", "touched"],
  ["1,000 memories that grew ten times", "grown"],
  ["400 memories that moved into the engine", "moved"],
])("%s, made and dropped with turns between, leave nothing mapped", async (_, kind) => {
  const more = await run("make-and-drop.js", { args: [kind] });
  expect(more.space).toBeLessThan(GIB);
  expect(more.mappings).toBeLessThan(500);
  expect(more.resident).toBeLessThan(100 * 2 ** 20);
});

test("a memory that fails to be made leaves nothing", async () => {
  const before = addressSpaceBytes();
  for (let i = 0; i < 100; i++) {
    expect(() => new Memory({ initial: 2, maximum: 1 })).toThrow(RangeError);
    expect(() => new Memory({ initial: 262_145n, address: "i64" })).toThrow(RangeError);
  }
  expect(addressSpaceBytes() - before).toBeLessThan(GIB);
});

test("a dropped memory's pages are unmapped", async () => {
  const at = addressOfDropped(() => {});
  await collectGarbage(() => protectionAt(at) === undefined);
  expect(protectionAt(at)).toBeUndefined();
});

test("a view kept alone keeps its bytes", async () => {
  let view;
  const at = addressOfDropped((memory) => {
    view = new Uint8Array(memory.buffer, 100, 50).fill(6);
  });
  await collectGarbage();
  expect(protectionAt(at)).toBe("rw-p");
  expect(view.every((byte) => byte === 6)).toBe(true);
  expect(view.length).toBe(50);
});

test("what lies beyond the size faults, and so does the guard page", () => {
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

test("growing touches no page: nothing is copied", () => {
  const memory = new Memory({ initial: 1 });
  const before = residentBytes();
  memory.grow(10_000);
  expect(memory.buffer.byteLength).toBe(10_001 * PAGE);
  expect(residentBytes() - before).toBeLessThan(64 * 2 ** 20);
});

describe("native code that holds a detached buffer", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));

  afterAll(() => fs.rmSync(folder, { recursive: true }));

  /** Starts a job on a memory's bytes, then grows the memory and drops it. */
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
      "a write to a file",
      (bytes) =>
        new Promise((resolve, reject) => {
          const file = path.join(folder, "written");
          fs.write(fs.openSync(file, "w"), bytes, (error) =>
            error ? reject(error) : resolve(fs.readFileSync(file)),
          );
        }),
    ],
    [
      "a compression",
      (bytes) =>
        new Promise((resolve, reject) => {
          zlib.gzip(bytes, (error, result) =>
            error ? reject(error) : resolve(zlib.gunzipSync(result)),
          );
        }),
    ],
  ])("%s reads its pages to the end, and then they go", async (_, start) => {
    const { job, at } = startJob(start);
    const collection = collectGarbage();
    expect((await job).equals(expected)).toBe(true);
    await collection;
    await collectGarbage(() => protectionAt(at) !== "rw-p");
    expect(protectionAt(at)).not.toBe("rw-p");
  });
});

const describeWithoutKeys = features.detachKeys ? describe.skip : describe;

describeWithoutKeys("a buffer that the program detached (where there are no detach keys)", () => {
  const hasTransfer = "transfer" in ArrayBuffer.prototype;
  const testTransfer = hasTransfer ? test : test.skip;

  testTransfer("is issued again, over the same bytes (needs ArrayBuffer's transfer())", () => {
    const memory = new Memory({ initial: 2, maximum: 4 });
    const { buffer } = memory;
    new Uint8Array(buffer)[5] = 5;
    const kept = buffer.transfer();
    expect(buffer.byteLength).toBe(0);
    expect(memory.buffer.byteLength).toBe(2 * PAGE);
    expect(new Uint8Array(memory.buffer)[5]).toBe(5);
    expect(memory.grow(1)).toBe(2);
    expect(new Uint8Array(memory.buffer)[5]).toBe(5);
    expect(new Uint8Array(kept)[5]).toBe(5);
  });

  testTransfer("takes the pages along, shortened (needs ArrayBuffer's transfer())", async () => {
    const memory = new Memory({ initial: 2, maximum: 4 });
    const kept = memory.buffer.transfer(PAGE);
    await collectGarbage();
    expect(() => memory.buffer).toThrow(TypeError);
    expect(() => memory.buffer).toThrow(/^Memory\.buffer: .*transferred/);
    expect(() => memory.grow(1)).toThrow(TypeError);
    expect(() => memory.toWebAssembly()).toThrow(TypeError);
    expect(kept.byteLength).toBe(PAGE);
  });
});
