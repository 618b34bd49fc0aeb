"use strict";

// Memory.map().

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const { pathToFileURL } = require("node:url");

const { setStatHook, clearStatHook, removeStatHook } = require("../support/stat-hook");
const { Memory } = require("../..");
const { useFiles, openFilesWithin, mappingCountOf } = require("../support/files");
const { thrownBy } = require("../support/thrown");
const { residentBytes } = require("../support/proc");
const { compile } = require("../support/wat");

const PAGE = 65_536;

const { directory, newFile, removeFiles } = useFiles();

const content = Buffer.alloc(3 * PAGE + 100);
for (let index = 0; index < content.length; index++) content[index] = 1 + (index % 251);
const file = newFile(content);

afterEach(() => {
  // No test changes the file or leaves it open.
  expect(fs.readFileSync(file).equals(content)).toBe(true);
  expect(openFilesWithin(directory)).toEqual([]);
});
afterAll(() => {
  removeStatHook();
  removeFiles();
});

const bytesOf = (memory) => new Uint8Array(memory.buffer);

/** Returns a memory whose bytes differ from those of the file. */
function filled(pages = 8, type = {}) {
  const memory = new Memory({ initial: pages, ...type });
  bytesOf(memory).fill(255);
  return memory;
}

function expectMapped(memory, offset, from, length) {
  const expected = Buffer.alloc(memory.buffer.byteLength, 255);
  content.copy(expected, offset, from, from + length);
  expect(Buffer.from(memory.buffer).equals(expected)).toBe(true);
}

test.each([
  ["a whole file", 0, 0, content.length],
  ["a whole file at an offset", PAGE, 0, content.length],
  ["whole pages", 4096, 8192, 3 * 4096],
  ["unaligned ends", 5000, 5000 - 4096, 20_000],
  ["an unaligned beginning", 4095, 4095, 4097],
  ["bytes at different offsets in their pages", 1, 0, 2 * PAGE],
  ["bytes at different offsets in their pages, the other way round", PAGE, 7, PAGE],
  ["part of a page", 10, 20, 30],
  ["a page without its first byte", 1, 1, 4095],
  ["parts of two pages", 4000, 4000, 200],
  ["the end of the file at the end of the memory", 8 * PAGE - 100, 3 * PAGE, 100],
  ["no bytes", 8 * PAGE, content.length, 0],
])("map() maps %s", (_, offset, fileOffset, length) => {
  const types = [{}, { maximum: 16, shared: true }];
  for (const memory of types.map((type) => filled(8, type))) {
    const { buffer } = memory;
    expect(memory.map(offset, file, { fileOffset, length })).toBe(undefined);
    expect(memory.buffer).toBe(buffer);
    expectMapped(memory, offset, fileOffset, length);
    bytesOf(memory).fill(7);
  }
});

test("map() maps the whole file without options, and the rest of it without a length", () => {
  const memory = filled();
  memory.map(PAGE, file);
  expectMapped(memory, PAGE, 0, content.length);
  const other = filled();
  other.map(0, file, { fileOffset: PAGE });
  expectMapped(other, 0, PAGE, content.length - PAGE);
});

test("map() takes a path, a Buffer, a URL, or a descriptor, which keeps its position", () => {
  const descriptor = fs.openSync(file, "r");
  for (const named of [file, Buffer.from(file), pathToFileURL(file), descriptor]) {
    const memory = filled();
    memory.map(0, named);
    expectMapped(memory, 0, 0, content.length);
  }
  expect(fs.readSync(descriptor, Buffer.alloc(1))).toBe(1); // still at the beginning
  fs.closeSync(descriptor);
});

test("map() neither reads nor copies whole pages", () => {
  const large = newFile("");
  fs.truncateSync(large, 256 * 2 ** 20);
  const memory = new Memory({ initial: 4096 });
  const before = residentBytes();
  memory.map(0, large);
  expect(residentBytes() - before).toBeLessThan(32 * 2 ** 20);
  expect(mappingCountOf(large)).toBe(1);
  memory.close();
  expect(mappingCountOf(large)).toBe(0);
});

test("map() works while an instance uses the memory", async () => {
  const module = await compile(`(module (memory (export "m") 8 16)
    (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
    (func (export "grow") (result i32) (memory.grow (i32.const 1))))`);
  const { m, load, store, grow } = new WebAssembly.Instance(module).exports;
  const memory = Memory.from(m);
  const { buffer } = m;
  memory.map(PAGE, file, { length: 2 * PAGE });
  expect(m.buffer).toBe(buffer);
  expect([load(PAGE - 1), load(PAGE), load(3 * PAGE - 1), load(3 * PAGE)]).toEqual([
    0,
    content[0],
    content[2 * PAGE - 1],
    0,
  ]);
  store(PAGE + 3, 200);
  expect(grow()).toBe(8);
  expect([load(PAGE + 3), load(PAGE + 4)]).toEqual([200, content[4]]);
  expect(Memory.from(m)).toBe(memory);
  expect(() => load(9 * PAGE)).toThrow(WebAssembly.RuntimeError);
});

test("mapped bytes move with the memory, and into the engine", () => {
  const memory = new Memory({ initial: 4, maximum: 400 });
  bytesOf(memory).fill(255);
  memory.map(4096, file, { fileOffset: 4096, length: PAGE });
  bytesOf(memory)[5000] = 9;
  memory.grow(300);
  const webAssembly = memory.toWebAssembly();
  const bytes = new Uint8Array(webAssembly.buffer);
  expect([bytes[4095], bytes[4096], bytes[5000], bytes[4096 + PAGE]]).toEqual([
    255,
    content[4096],
    9,
    255,
  ]);
});

test("snapshot() captures mapped bytes; restore() and discard() replace them", () => {
  const memory = filled(4);
  const before = memory.snapshot();
  memory.map(0, file, { length: 2 * PAGE });
  bytesOf(memory)[0] = 99;
  const mapped = memory.snapshot();
  memory.discard(PAGE, PAGE);
  expect([bytesOf(memory)[0], bytesOf(memory)[PAGE], bytesOf(memory)[2 * PAGE]]).toEqual([
    99, 0, 255,
  ]);
  memory.restore(before);
  expect(bytesOf(memory).every((byte) => byte === 255)).toBe(true);
  memory.restore(mapped);
  expect([bytesOf(memory)[0], bytesOf(memory)[1], bytesOf(memory)[PAGE]]).toEqual([
    99,
    content[1],
    content[PAGE],
  ]);
  memory.map(PAGE, file, { length: PAGE });
  expect(bytesOf(memory)[PAGE]).toBe(content[0]);
});

test("map() replaces bytes that were mapped before", () => {
  const memory = filled(8);
  for (let round = 0; round < 100; round++) {
    memory.map(round * 4096, file, { length: 8192 });
    memory.map(0, file, { length: 4 * PAGE - PAGE });
  }
  const expected = Buffer.alloc(8 * PAGE, 255);
  for (let round = 0; round < 100; round++) content.copy(expected, round * 4096, 0, 8192);
  content.copy(expected, 0, 0, 3 * PAGE);
  expect(Buffer.from(memory.buffer).equals(expected)).toBe(true);
});

test("map() works in a memory of a file that is opened for reading", () => {
  const under = newFile(Buffer.alloc(4 * PAGE, 3));
  const over = newFile(content);
  const memory = Memory.open(under);
  memory.map(PAGE, over, { length: PAGE });
  expect([bytesOf(memory)[PAGE - 1], bytesOf(memory)[PAGE], bytesOf(memory)[2 * PAGE]]).toEqual([
    3,
    content[0],
    3,
  ]);
  memory.close();
  expect([mappingCountOf(under), mappingCountOf(over)]).toEqual([0, 0]);
});

describe("map() throws and changes nothing:", () => {
  const errorOf = (...args) => {
    const memory = filled(4);
    const before = fs.readdirSync("/proc/self/fd").length;
    const error = thrownBy(() => memory.map(...args));
    expect(fs.readdirSync("/proc/self/fd").length).toBe(before);
    expect(bytesOf(memory).every((byte) => byte === 255)).toBe(true);
    return error;
  };

  test.each([
    ["a negative offset", -1, {}],
    ["a fractional offset", 0.5, {}],
    ["NaN", NaN, {}],
    ["an infinite offset", Infinity, {}],
    ["an offset beyond the memory", 5 * PAGE, {}],
    ["a file longer than the rest of the memory", PAGE + 1, {}],
    ["an offset beyond the end of the memory, without bytes", 4 * PAGE + 1, { length: 0 }],
    ["a negative fileOffset", 0, { fileOffset: -1 }],
    ["a fractional fileOffset", 0, { fileOffset: 1.5 }],
    ["a fileOffset past the end", 0, { fileOffset: content.length + 1 }],
    ["a length past the end", 0, { fileOffset: PAGE, length: content.length - PAGE + 1 }],
    ["a negative length", 0, { length: -1 }],
    ["a fractional length", 0, { length: 0.1 }],
    ["huge numbers", 2 ** 53, { length: 2 ** 53 }],
  ])("a RangeError for %s", (_, offset, options) => {
    const error = errorOf(offset, file, options);
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toMatch(/^Memory\.map\(\): /);
  });

  test("a TypeError for arguments that are not numbers", () => {
    for (const value of ["0", null, {}, 0n, Symbol("0"), true]) {
      expect(errorOf(value, file)).toBeInstanceOf(TypeError);
      expect(errorOf(0, file, { fileOffset: value })).toBeInstanceOf(TypeError);
      expect(errorOf(0, file, { length: value })).toBeInstanceOf(TypeError);
    }
    expect(errorOf(undefined, file)).toBeInstanceOf(TypeError);
  });

  test("Node.js's errors for files that cannot be mapped", () => {
    const missing = newFile();
    expect(errorOf(0, missing)).toMatchObject({ code: "ENOENT", path: missing });
    expect(errorOf(0, directory)).toMatchObject({ code: "EISDIR", path: directory });
    const pipe = newFile();
    execFileSync("mkfifo", [pipe]);
    expect(errorOf(0, pipe)).toMatchObject({ code: "ENODEV", path: pipe });
    for (const value of [undefined, null, {}, true, 0n]) {
      expect(errorOf(0, value)).toBeInstanceOf(TypeError);
    }
    const closed = fs.openSync(file, "r");
    fs.closeSync(closed);
    expect(errorOf(0, closed).code).toBe("EBADF");
    expect(errorOf(0, -1).name).toBe("RangeError");
    const writing = fs.openSync(newFile("abcd"), "w");
    fs.writeSync(writing, "abcd");
    expect(errorOf(0, writing)).toMatchObject({ name: "RangeError", code: "EACCES" });
    fs.closeSync(writing);
  });

  test("a RangeError for a file that shrinks before it is mapped", () => {
    const shrinking = newFile(content);
    setStatHook(() => fs.truncateSync(shrinking, 5000));
    const error = errorOf(0, shrinking);
    clearStatHook();
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toContain(`${shrinking}: the file was truncated`);
  });
});
