"use strict";

// rolldown, built by napi-rs for wasm32-wasi, under register: several threads import one shared memory.

const path = require("node:path");
const { pathToFileURL } = require("node:url");
const vm = require("node:vm");

const { runBoth, select } = require("./support/run-both");
const { install } = require("./support/install-wasm32");

let reference, printed, events;

beforeAll(async () => {
  const entry = pathToFileURL(path.join(install(), "rolldown", "dist", "index.mjs"));
  ({ reference, printed, events } = await runBoth("bundle-modules.mjs", { args: [entry.href] }));
});

test("WASI threads: the program prints the same as with the engine's class", () => {
  expect(printed.equals(reference)).toBe(true);
});

test("WASI threads: the program bundles and minifies modules, with source maps", () => {
  const lines = printed.toString().trim().split("\n");
  const [code, map, minified, minifiedMap] = lines.map((line) => JSON.parse(line));
  for (const bundle of [code, minified]) {
    const exports = {};
    vm.runInNewContext(bundle, { exports });
    expect(exports.answer).toMatch(/^0,1,2,.*,59,0,1,.*,39,Even 40$/);
    expect(bundle).not.toContain("dropped");
  }
  expect(minified.length).toBeLessThan(code.length);
  for (const text of [map, minifiedMap]) expect(JSON.parse(text).sources).toHaveLength(62);
});

test("WASI threads: every thread has the same Memory", () => {
  const [first, ...others] = select(events, { event: "import", shared: true });
  expect(first).toMatchObject({ thread: 0, isOfPackage: true });
  for (const { address } of others) expect(address).toBe(first.address);
  const exports = select(events, { event: "export", shared: true });
  for (const { address, hasBufferOfInstance } of exports) {
    expect(address).toBe(first.address);
    expect(hasBufferOfInstance).toBe(true);
  }
  expect(new Set(exports.map(({ thread }) => thread)).size).toBeGreaterThan(1);
});
