"use strict";

// tree-sitter, built by emscripten, under register: two modules import one memory, which glue code grows.

const { runBoth, select } = require("./support/run-both");

const PAGE = 65_536;

let reference, printed, events;

beforeAll(async () => {
  ({ reference, printed, events } = await runBoth("parse-javascript.js"));
});

test("emscripten: the program prints the same as with the engine's class", () => {
  expect(printed.equals(reference)).toBe(true);
});

test("emscripten: the program parses JavaScript", () => {
  const [small, wrong, all, , names, edited, renamed] = printed.toString().split("\n");
  expect(small).toBe(
    "(program (lexical_declaration (variable_declarator name: (identifier) value: (number))))",
  );
  expect(wrong).toBe("true");
  expect(all).toBe("false 416001 { row: 31999, column: 1 }");
  expect(names).toMatch(/^4000 f3999 /);
  expect(edited).toBe("true false");
  expect(renamed).toBe("renamed");
});

test("emscripten: both modules import the same Memory, which grows", () => {
  const imports = select(events, { event: "import" });
  expect(imports).toHaveLength(2);
  for (const event of imports) {
    expect(event).toMatchObject({ memory: 0, isOfPackage: true, shared: false, pages: 512 });
  }
  const sizes = select(events, { event: "size", memory: 0 });
  expect(sizes).toHaveLength(3);
  for (const { pages, bytes, firstBytes } of sizes) {
    expect(pages).toBeGreaterThan(512);
    expect(bytes).toBe(pages * PAGE);
    expect(firstBytes).toBe(0);
  }
});
