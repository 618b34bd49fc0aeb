"use strict";

// An engine that has reserved less than a memory's maximum copies the memory to other pages when it grows.
// Those pages are not the file's.

const { useFiles } = require("../support/files");
const { run } = require("../support/run-fixture");

const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);

const PAGE = 65_536;

// On Node.js 20 and 22, the engine only reserves less than it wants without its trap handler.
const flag = "--disable-wasm-trap-handler";
const flags = process.allowedNodeEnvironmentFlags.has(flag) ? [flag] : [];

// In kilobytes of address space: far less than the 4 GiB that the engine wants to reserve for itself.
const ulimit = "-v 2000000";

const use = (args, options = {}) => run("grow-file-in-engine.js", { args, flags, ...options });

test.each([
  ["with a maximum", 65_536],
  ["without a maximum", 0],
])("toWebAssembly() throws if the engine would move the memory later: %s", async (_, maximum) => {
  const file = newFile();
  const { refusal, before, kept, isFile } = await use([file, maximum], { ulimit });
  expect(refusal.name).toBe("RangeError");
  expect(refusal.message).toMatch(
    /^Memory\.toWebAssembly\(\): .*the engine reserved only \d+ of the 4294967296 bytes .*smaller maximum/,
  );
  expect(refusal.message).toContain(file);
  // Nothing has changed: the file is as long as before, and still backs the memory.
  expect(kept).toEqual(before);
  expect(isFile).toBe(true);
});

test("open() throws under register if the engine would move the memory later", async () => {
  const { refusal, before, kept } = await use([newFile(), 65_536, "registered"], { ulimit });
  expect(refusal.message).toMatch(/^Memory\.open\(\): .*the engine reserved only \d+ of /);
  expect(kept).toEqual(before);
});

test("toWebAssembly() works with a smaller maximum", async () => {
  const result = await use([newFile(), 700], { ulimit });
  expect(result).toEqual({ errors: [], byte: 9, length: 503 * PAGE });
});

test("every later call throws if the engine has moved the memory nevertheless", async () => {
  const file = newFile();
  const result = await use([file, 65_536, "unchecked"], { ulimit });
  expect(result.errors.map(({ name }) => name)).toEqual(Array(4).fill("RangeError"));
  for (const { message } of result.errors) {
    expect(message).toContain(`${file}: growing moved the memory away from the file's pages`);
  }
  expect(result).toMatchObject({ byte: 1, isClosed: true });
});
