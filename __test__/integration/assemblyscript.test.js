"use strict";

// A module that AssemblyScript compiled with --importMemory, under register: its runtime grows the memory
// that it imports.

const { execFile } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { promisify } = require("node:util");

const { runBoth, select } = require("./support/run-both");

const PAGE = 65_536;

const compiler = path.join(
  __dirname,
  "..",
  "..",
  "node_modules",
  "assemblyscript",
  "bin",
  "asc.js",
);
const source = path.join(__dirname, "fixtures", "words.ts");

let folder, reference, printed, events;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));
  ({ reference, printed, events } = await runBoth("count-words.js", { args: await compile() }));
});

afterAll(() => fs.rmSync(folder, { recursive: true }));

/** Compiles words.ts. Returns the paths of the module and its bindings. */
async function compile() {
  const module = path.join(folder, "words.wasm");
  const options = ["--outFile", module, "--importMemory", "--bindings", "raw"];
  await promisify(execFile)(process.execPath, [compiler, source, ...options]);
  const bindings = path.join(folder, "words.mjs");
  fs.renameSync(path.join(folder, "words.js"), bindings);
  return [module, bindings];
}

test("AssemblyScript: the program prints the same as with the engine's class", () => {
  expect(printed.equals(reference)).toBe(true);
});

test("AssemblyScript: the program counts words, sorts them and sieves primes", () => {
  const lines = printed.toString().trim().split("\n");
  expect(lines.slice(0, 4)).toEqual(["THE 3", "BROWN 1", "DOG 1", "END 1"]);
  expect(lines.at(-2)).toMatch(/^4987 /); // squares modulo the prime 9973
  expect(lines.at(-1)).toMatch(/^216816 2999999 /);
});

test("AssemblyScript: the module imports a Memory, which has the pages that the module adds", () => {
  const [imported, ...others] = select(events, { event: "import" });
  expect(others).toEqual([]);
  expect(imported).toMatchObject({ isOfPackage: true, shared: false, pages: 1 });
  const sizes = select(events, { event: "size", memory: imported.memory });
  expect(sizes).toHaveLength(4);
  for (const { pages, bytes, firstBytes, hasBufferOfInstance } of sizes) {
    expect(bytes).toBe(pages * PAGE);
    expect(firstBytes).toBe(pages === 1 ? PAGE : 0);
    expect(hasBufferOfInstance).toBe(true);
  }
  expect(sizes[1].pages).toBeGreaterThan(1);
  expect(sizes[2].pages).toBeGreaterThan(sizes[1].pages);
});
