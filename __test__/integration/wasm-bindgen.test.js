"use strict";

// Two wasm-bindgen packages under register: oxipng, built for threads, imports a shared memory, and a PNG
// codec exports an unshared one. Both modules grow their memories.

const { runBoth, select } = require("./support/run-both");

const PAGE = 65_536;

let reference, printed, events;

beforeAll(async () => {
  ({ reference, printed, events } = await runBoth("optimise-png.mjs"));
});

test("wasm-bindgen: the program prints the same as with the engine's class", () => {
  expect(printed.equals(reference)).toBe(true);
});

test("wasm-bindgen: the program makes PNG files smaller, without loss", () => {
  const [large, ...lines] = printed.toString().trim().split("\n");
  expect(lines.pop()).toMatch(/^rejected half a picture: ./);
  expect(lines).toHaveLength(6);
  while (lines.length > 0) {
    const [file, picture] = lines.splice(0, 2);
    const [, length] = /^[123] (\d+) /.exec(file);
    expect(Number(length)).toBeLessThan(parseInt(large) / 2);
    expect(picture).toBe("320 240 true");
  }
});

test("wasm-bindgen: oxipng imports a Memory, which has the pages that the module adds", () => {
  const [imported, ...others] = select(events, { event: "import" });
  expect(others).toEqual([]);
  expect(imported).toMatchObject({ isOfPackage: true, shared: true, pages: 18 });
  expect(imported.exports).toContain("optimise");
  const sizes = select(events, { event: "size", memory: imported.memory });
  expect(sizes).toHaveLength(5);
  const last = sizes.at(-1);
  expect(last.pages).toBeGreaterThan(100);
  for (const { pages, bytes, firstBytes, address, hasBufferOfInstance } of sizes) {
    expect(bytes).toBe(pages * PAGE);
    expect(firstBytes).toBe(18 * PAGE);
    expect(address).toBe(imported.address);
    expect(hasBufferOfInstance).toBe(true);
  }
});

test("wasm-bindgen: the Memory of the codec's memory has its size and buffer as it grows", () => {
  const exported = select(events, { event: "export", shared: false });
  const { memory, pages: first } = exported.find(({ exports }) => exports.includes("decode"));
  const sizes = select(events, { event: "size", memory });
  expect(sizes).toHaveLength(5);
  for (const { pages, bytes, firstBytes, hasBufferOfInstance } of sizes) {
    expect(pages).toBeGreaterThan(first);
    expect(bytes).toBe(pages * PAGE);
    expect(firstBytes).toBe(0);
    expect(hasBufferOfInstance).toBe(true);
  }
});
