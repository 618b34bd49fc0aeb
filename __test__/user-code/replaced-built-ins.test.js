"use strict";

// Members work the same after a program has replaced built-ins.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const { Memory } = require("../..");
const { bundle } = require("../../scripts/bundle");
const { runForText } = require("../support/run-fixture");

const root = path.join(__dirname, "..", "..");

// Bundled as it is published: within a bundle, modules do not load by Node's loader, which programs can break.
describe.each([
  ["with register()", true],
  ["without register()", false],
])(
  "members work the same %s, after all globals, prototypes and functions of Node.js were replaced to",
  (_, isRegistered) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));
    const flags = isRegistered ? ["--require", path.join(folder, "register.js")] : [];
    const addon = fs.readdirSync(root).find((name) => name.endsWith(".node"));
    const env = { LINEAR_MEMORY_ADDON: process.env.LINEAR_MEMORY_ADDON ?? path.join(root, addon) };
    const outcomes = (way) =>
      runForText("use-all-with-replaced-built-ins.js", { flags, args: [folder, way], env });
    let expected;

    beforeAll(async () => {
      bundle(folder);
      expected = await outcomes("none");
    });
    afterAll(() => fs.rmSync(folder, { recursive: true }));

    test.each([
      ["throw", "throws"],
      ["return a number", "lies"],
      ["return nothing", "nothing"],
    ])("%s", async (_, way) => {
      expect(await outcomes(way)).toBe(expected);
      expect(expected).toContain('"made"');
    });
  },
);

test("an own `byteLength` of a hosted memory's buffer does not change the memory's size", () => {
  const hosted = new WebAssembly.Memory({ initial: 1, maximum: 4 });
  Object.defineProperty(hosted.buffer, "byteLength", { value: 7 });
  const memory = Memory.from(hosted);
  expect(memory.type().minimum).toBe(1);
  expect(memory.grow(1)).toBe(1);
});
