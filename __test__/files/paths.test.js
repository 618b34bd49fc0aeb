"use strict";

// Paths of files: they are converted to text once, and no code of the program runs for that later.

const fs = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const { Memory } = require("../..");
const { useFiles, openFilesWithin } = require("../support/files");
const { run } = require("../support/run-fixture");
const { thrownBy } = require("../support/thrown");

const PAGE = 65_536;

const { directory, newFile, removeFiles } = useFiles();
afterEach(() => expect(openFilesWithin(directory)).toEqual([]));
afterAll(removeFiles);

test("open() and map() never convert objects whose conversion to text grows or closes the memory", async () => {
  const file = newFile();
  const { results, calls } = await run("open-path-objects.js", { args: [file], timeout: 30_000 });
  expect(calls).toEqual([]);
  const { string, ...others } = results;
  expect(string).toHaveLength(10);
  expect(string.filter(({ message }) => message.includes(file))).toHaveLength(9);
  for (const errors of Object.values(others)) expect(errors).toEqual(string);
});

test("open() ignores changes to a path object that happen during the call or later", () => {
  const file = newFile(Buffer.alloc(PAGE, 1));
  const [bytes, url] = [Buffer.from(file), pathToFileURL(file)];
  const options = {
    get mode() {
      bytes.fill(120);
      url.pathname = "/x";
      return "r+";
    },
  };
  for (const named of [Buffer.from(file), pathToFileURL(file), bytes, url]) {
    if (named === bytes) bytes.write(file);
    if (named === url) url.pathname = file;
    const memory = Memory.open(named, options);
    named.toString = () => "x";
    expect(thrownBy(() => memory.map(0, file)).message).toContain(`(${file})`);
    memory.close();
  }
});

test("open() takes a Buffer whose bytes are not UTF-8", () => {
  const name = Buffer.concat([Buffer.from(`${directory}/`), Buffer.of(0xff, 0x61)]);
  fs.writeFileSync(name, "abc");
  const memory = Memory.open(name, { mode: "r+" });
  new Uint8Array(memory.buffer)[0] = 120;
  memory.close();
  expect(fs.readFileSync(name, "latin1")).toBe("xbc");
});

test("open() and map() reject values that are neither paths nor descriptors, naming the member", () => {
  const values = [undefined, null, {}, [], () => {}, Symbol("path"), 1n, true, new Uint16Array(2)];
  values.push({ __proto__: URL.prototype }, { href: "file:///x", protocol: "file:" });
  for (const value of values) {
    const memory = new Memory({ initial: 1 });
    expect(thrownBy(() => Memory.open(value))).toMatchObject({ name: "TypeError" });
    expect(thrownBy(() => memory.map(0, value))).toMatchObject({ name: "TypeError" });
    expect(thrownBy(() => Memory.open(value)).message).toMatch(
      /^Memory\.open\(\): expected a path/,
    );
    expect(thrownBy(() => memory.map(0, value)).message).toMatch(
      /^Memory\.map\(\): expected a path/,
    );
  }
  for (const value of [-1, 0.5, NaN, Infinity, 2 ** 31, 2 ** 53]) {
    const { name, message } = thrownBy(() => Memory.open(value));
    expect([name, message]).toEqual([
      "RangeError",
      `Memory.open(): expected a descriptor from 0 to 2147483647, got ${value}`,
    ]);
  }
  const web = new URL("https://example.org/x");
  expect(thrownBy(() => Memory.open(web))).toMatchObject({ code: "ERR_INVALID_URL_SCHEME" });
});

test("open() creates the target of a dangling link, and removes it again if it fails", () => {
  const target = newFile();
  const link = newFile();
  fs.symlinkSync(path.basename(target), link);
  for (const named of [link, Buffer.from(link)]) {
    const open = (options) => Memory.open(named, { initial: 1, ...options });
    expect(() => open({ mode: "r+", address: "i64", maximum: 2n })).toThrow(TypeError);
    expect(fs.existsSync(target)).toBe(false);
    open({ mode: "w+" }).close();
    expect(fs.statSync(target)).toMatchObject({ size: PAGE });
    expect(fs.lstatSync(link).isSymbolicLink()).toBe(true);
    fs.unlinkSync(target);
  }
});
