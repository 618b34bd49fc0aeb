"use strict";

// tree-sitter, built by emscripten: a memory that two modules import, and that glue code grows.

const { runBoth, select } = require("./support/run-both");

const PAGE = 65_536;

let reference, printed, events;

beforeAll(async () => {
  ({ reference, printed, events } = await runBoth("parse.js"));
});

test("does what it does with the engine's class", () => {
  expect(printed.equals(reference)).toBe(true);
});

test("parses", () => {
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

test("has one memory of ours in both modules, which grows", () => {
  const imports = select(events, { event: "import" });
  expect(imports).toHaveLength(2);
  for (const event of imports) {
    expect(event).toMatchObject({ memory: 0, isOurs: true, shared: false, pages: 512 });
  }
  const sizes = select(events, { event: "size", memory: 0 });
  expect(sizes).toHaveLength(3);
  for (const { pages, bytes, firstBytes } of sizes) {
    expect(pages).toBeGreaterThan(512);
    expect(bytes).toBe(pages * PAGE);
    expect(firstBytes).toBe(0);
  }
});
