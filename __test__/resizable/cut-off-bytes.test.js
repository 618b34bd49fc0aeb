"use strict";

// ArrayBuffer.prototype.resize() can shrink a resizable buffer of reserved pages. Bytes that it cuts off read
// as zero when the buffer grows again, even if they came from a snapshot or a file.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const { Memory, features } = require("../..");
const { residentBytes } = require("../support/proc");
const { thrownBy } = require("../support/thrown");

const PAGE = 65_536;
const MIB = 2 ** 20;
const PAGES = 4;
const LENGTH = PAGES * PAGE;

const { resize } = ArrayBuffer.prototype;

/** Whether the engine's own class creates resizable buffers; these refuse to shrink. */
const isEngines = features.resizableBuffers.shared;
const testEngines = isEngines ? test : test.skip;
const describeReserved =
  features.resizableBuffers.unshared && !isEngines ? describe : describe.skip;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));
const file = path.join(folder, "sevens");

beforeAll(() => fs.writeFileSync(file, Buffer.alloc(LENGTH, 7)));
afterAll(() => fs.rmSync(folder, { recursive: true }));

const make = () => new Memory({ initial: PAGES, maximum: 2 * PAGES });
const bytesOf = (memory) => new Uint8Array(memory.buffer);

/** Takes a snapshot of a memory that is full of sevens. */
function imageOf() {
  const memory = make();
  bytesOf(memory).fill(7);
  return memory.snapshot();
}

/** Ways to a memory with a resizable buffer whose bytes are all sevens. */
const ways = [
  [
    "restore()",
    () => {
      const memory = make();
      memory.toResizableBuffer();
      memory.restore(imageOf());
      return memory;
    },
  ],
  [
    "restore(), again",
    () => {
      const memory = make();
      memory.toResizableBuffer();
      const image = imageOf();
      memory.restore(image);
      bytesOf(memory).fill(9, 5, 3 * PAGE + 5);
      memory.restore(image);
      return memory;
    },
  ],
  [
    "map()",
    () => {
      const memory = make();
      memory.toResizableBuffer();
      memory.map(0, file);
      return memory;
    },
  ],
  [
    "restore(), and then toResizableBuffer()",
    () => {
      const memory = make();
      memory.restore(imageOf());
      memory.toResizableBuffer();
      return memory;
    },
  ],
  [
    "map(), and then toResizableBuffer()",
    () => {
      const memory = make();
      memory.map(0, file);
      memory.toResizableBuffer();
      return memory;
    },
  ],
  [
    "Memory.from(snapshot), writes, map(), and then toResizableBuffer()",
    () => {
      const memory = Memory.from(imageOf(), { maximum: 2 * PAGES });
      bytesOf(memory).fill(9, PAGE);
      memory.map(PAGE, file, { length: PAGE });
      bytesOf(memory).fill(7, 2 * PAGE);
      memory.toResizableBuffer();
      return memory;
    },
  ],
];

/** Lengths within a system page, and at the boundaries of system pages and of WebAssembly pages. */
const lengths = [0, 1, 4095, 4096, 4097, PAGE, PAGE + 1, 3 * PAGE - 4095, 3 * PAGE + 5, LENGTH - 1];

const looks = [
  ["", () => {}],
  [", also if type() is called in between", (memory) => memory.type()],
];

describeReserved.each(ways)("after %s (unless the buffer is the engine's):", (_, prepare) => {
  test.each(looks)("bytes that resize() cuts off read as zero%s", (__, look) => {
    for (const length of lengths) {
      const memory = prepare();
      const { buffer } = memory;
      expect(bytesOf(memory).every((byte) => byte === 7)).toBe(true);
      resize.call(buffer, length);
      look(memory);
      resize.call(buffer, LENGTH + PAGE);
      const expected = Buffer.alloc(LENGTH + PAGE).fill(7, 0, length);
      expect(memory.buffer).toBe(buffer);
      expect([length, expected.equals(new Uint8Array(buffer))]).toEqual([length, true]);
      memory.toFixedLengthBuffer();
      expect([length, expected.equals(bytesOf(memory))]).toEqual([length, true]);
    }
  });

  test("grow() adds zeros, and all bytes stay when the memory grows or moves", () => {
    const memory = prepare();
    memory.grow(1);
    const expected = Buffer.alloc(LENGTH + PAGE).fill(7, 0, LENGTH);
    expect(expected.equals(bytesOf(memory))).toBe(true);
    memory.toWebAssembly();
    expect(expected.equals(bytesOf(memory))).toBe(true);
  });
});

describeReserved("a resizable buffer (unless it is the engine's)", () => {
  test("gets only the pages of a snapshot that are not zero", () => {
    const memory = new Memory({ initial: 4096, maximum: 4096 });
    bytesOf(memory)[100 * MIB] = 1;
    const image = memory.snapshot();
    memory.restore(image);
    const before = residentBytes();
    memory.toResizableBuffer();
    memory.restore(image);
    expect(residentBytes() - before).toBeLessThan(16 * MIB);
    expect(bytesOf(memory)[100 * MIB]).toBe(1);
  });

  test("is zero past a shorter snapshot, and rejects a longer one", () => {
    const memory = new Memory({ initial: PAGES + 1, maximum: PAGES + 1 });
    memory.toResizableBuffer();
    bytesOf(memory).fill(9);
    memory.restore(imageOf());
    const expected = Buffer.alloc(LENGTH + PAGE).fill(7, 0, LENGTH);
    expect(expected.equals(bytesOf(memory))).toBe(true);
    const small = new Memory({ initial: 1, maximum: 1 });
    small.toResizableBuffer();
    bytesOf(small).fill(9);
    expect(thrownBy(() => small.restore(imageOf())).message).toMatch(
      /^Memory\.restore\(\): the snapshot has 262144 bytes, more than the memory's/,
    );
    expect(bytesOf(small).every((byte) => byte === 9)).toBe(true);
  });

  test("keeps the bytes around a part of a file that is mapped at odd offsets", () => {
    const memory = make();
    memory.toResizableBuffer();
    bytesOf(memory).fill(9);
    memory.map(4097, file, { fileOffset: 3, length: PAGE });
    const expected = Buffer.alloc(LENGTH, 9).fill(7, 4097, 4097 + PAGE);
    expect(expected.equals(bytesOf(memory))).toBe(true);
  });

  test("keeps its copy of a file that is truncated later", () => {
    const copy = path.join(folder, "truncated later");
    fs.copyFileSync(file, copy);
    const [before, after] = [make(), make()];
    before.map(0, copy);
    before.toResizableBuffer();
    after.toResizableBuffer();
    after.map(0, copy);
    fs.truncateSync(copy);
    for (const memory of [before, after]) {
      expect(bytesOf(memory).every((byte) => byte === 7)).toBe(true);
      memory.toFixedLengthBuffer();
      expect(memory.grow(1)).toBe(PAGES);
    }
  });

  test("cannot be created from a mapped file that was truncated, and the memory is unchanged", () => {
    const copy = path.join(folder, "truncated before");
    fs.copyFileSync(file, copy);
    const memory = make();
    memory.map(0, copy);
    const { buffer } = memory;
    fs.truncateSync(copy);
    // Nothing has read the pages since: toResizableBuffer() detects the loss when it copies them.
    const { name, message } = thrownBy(() => memory.toResizableBuffer());
    expect(name).toBe("RangeError");
    expect(message).toMatch(/^Memory\.toResizableBuffer\(\): .*truncated/);
    expect(thrownBy(() => memory.buffer).message).toMatch(/^Memory\.buffer: .*truncated/);
    expect(buffer.byteLength).toBe(LENGTH);
  });
});

testEngines("resize() cannot shrink an engine buffer", () => {
  const [, prepare] = ways[0];
  const memory = prepare();
  const { buffer } = memory;
  for (const length of lengths) {
    expect(thrownBy(() => resize.call(buffer, length)).name).toBe("RangeError");
    expect(bytesOf(memory).every((byte) => byte === 7)).toBe(true);
  }
  resize.call(buffer, LENGTH + PAGE);
  expect(bytesOf(memory)[LENGTH]).toBe(0);
});
