"use strict";

// What the README shows, runs: its snippets, and the examples that its first command runs.

const { execFile } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { promisify } = require("node:util");

const execute = promisify(execFile);

const root = path.join(__dirname, "..");
const readme = fs.readFileSync(path.join(root, "README.md"), "utf8");
const snippets = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, text]) => text);

let folder;

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));
  fs.mkdirSync(path.join(folder, "node_modules"));
  fs.symlinkSync(root, path.join(folder, "node_modules", "linear-memory"));
});

afterAll(() => fs.rmSync(folder, { recursive: true }));

/** A snippet whose lines "expression; // value" are checked to be so. */
function checked(snippet) {
  const check = (line, expression, value) =>
    /^[\d.]+$/.test(value) ? `require("node:assert").strictEqual(${expression}, ${value});` : line;
  return snippet.replace(/^([^\s/].*); \/\/ ([\w.]+)(?:[:,].*)?$/gm, check);
}

test("there are snippets, and values in them to check", () => {
  expect(snippets.length).toBe(7);
  expect(snippets.map(checked).join("").split("strictEqual").length - 1).toBe(14);
});

test.each(snippets.map((snippet, index) => [index + 1, snippet]))(
  "snippet %i runs, and is right",
  async (index, snippet) => {
    const file = path.join(folder, `snippet-${index}.js`);
    fs.writeFileSync(file, checked(snippet));
    await execute(process.execPath, [file], { cwd: folder });
  },
);

test.each([
  ["accumulate.js", /^accumulate\(0, 10\), in WebAssembly, is 45$/m],
  ["shared.js", /^4 workers added 1 to it 10000 times each: 40000$/m],
  [
    "time-travel.js",
    /^the database has 1003 rows\n.*\nthe database has apples, pears, plums again$/m,
  ],
  ["shrink.js", /^discard\(\) gave back 512\.0 MiB$/m],
  ["grep.js", /^262144 lines, counted in WebAssembly$/m],
])("the example %s says what it did", async (example, expected) => {
  const { stdout } = await execute(process.execPath, [path.join(root, "examples", example)]);
  expect(stdout).toMatch(expected);
});

test("the example persistent-counter.js goes on where it was, killed or not", async () => {
  const example = path.join(root, "examples", "persistent-counter.js");
  const file = path.join(folder, "counter.bin");
  for (const start of [1, 5]) {
    const { stdout } = await execute(process.execPath, [example, file]);
    expect(stdout).toMatch(`start ${start}, says ${file}`);
    expect(stdout).toMatch(`3 processes counted themselves, and were killed: ${start + 3}`);
  }
});
