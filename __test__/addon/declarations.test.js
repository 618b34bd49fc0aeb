"use strict";

const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const native = require("../../native");

const declarations = readFileSync(join(__dirname, "../../native.d.ts"), "utf8");
const declared = Array.from(
  declarations.matchAll(/^export function (\w+)\(/gm),
  ([, name]) => name,
);

test("native.d.ts declares each function that the addon exports, and no other", () => {
  expect(declared.sort()).toEqual(Object.keys(native).sort());
});
