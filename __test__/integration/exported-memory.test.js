"use strict";

// sql.js under register: a module exports its memory, which glue code grows, and Memory.from() returns a
// Memory for it.

const { runBoth, select } = require("./support/run-both");

const PAGE = 65_536;

let reference, printed, events;

beforeAll(async () => {
  ({ reference, printed, events } = await runBoth("query-database.js"));
});

test("sql.js: the program prints the same as with the engine's class", () => {
  expect(printed.equals(reference)).toBe(true);
});

test("sql.js: the program answers queries", () => {
  const lines = printed.toString().trim().split("\n");
  const [, sum, expected] = /^40000,(\d+) (\d+)$/.exec(lines[0]);
  expect(sum).toBe(expected);
  const [intact, file, copy] = lines.slice(-3);
  expect(intact).toBe("ok");
  expect(parseInt(file)).toBeGreaterThan(10_000_000);
  expect(copy).toBe("26667,1013");
  // The Mandelbrot set is symmetric, and widest in the middle.
  const picture = lines.slice(-25, -4);
  expect(picture).toHaveLength(21);
  expect(picture.at(10)).toMatch(/^ #+\.+$/);
  expect(picture.at(4)).toBe(picture.at(-5));
});

test("sql.js: the Memory of the exported memory has its size and buffer as it grows", () => {
  const [exported, ...others] = select(events, { event: "export" });
  expect(others).toEqual([]);
  const sizes = select(events, { event: "size" });
  expect(sizes).toHaveLength(10);
  let before = exported.pages;
  for (const { pages, bytes, firstBytes, hasBufferOfInstance } of sizes) {
    expect(pages).toBeGreaterThanOrEqual(before);
    expect(bytes).toBe(pages * PAGE);
    expect(firstBytes).toBe(pages === exported.pages ? bytes : 0);
    expect(hasBufferOfInstance).toBe(true);
    before = pages;
  }
  expect(new Set(sizes.map(({ pages }) => pages)).size).toBeGreaterThan(2);
});
