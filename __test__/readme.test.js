"use strict";

// The snippets of the pages and the examples run; files, commands and tests that the pages name exist.

const { execFile } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { promisify } = require("node:util");

const typescript = require("typescript");

const { toBinary } = require("./support/wat");

const execute = promisify(execFile);

const root = path.join(__dirname, "..");

const pages = [
  ...fs.readdirSync(root).filter((file) => file.endsWith(".md")),
  ...fs
    .readdirSync(path.join(root, "docs"), { recursive: true })
    .filter((file) => file.endsWith(".md"))
    .map((file) => path.join("docs", file)),
];
const textOf = (page) => fs.readFileSync(path.join(root, page), "utf8");
const snippets = pages.flatMap((page) =>
  [...textOf(page).matchAll(/^```js\n(.*?)^```$/gms)].map(([, text], index) => [
    page,
    index + 1,
    text,
  ]),
);
const ofReadme = snippets.filter(([page]) => page === "README.md").map(([, , text]) => text);

/** Returns whether a page is generated from index.d.ts. */
function isReference(page) {
  return page.startsWith(path.join("docs", "api"));
}

let folder;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));
  fs.mkdirSync(path.join(folder, "node_modules"));
  fs.symlinkSync(root, path.join(folder, "node_modules", "linear-memory"));
  const binaryen = path.dirname(require.resolve("binaryen/package.json"));
  fs.symlinkSync(binaryen, path.join(folder, "node_modules", "binaryen"));
  // Modules that the snippets read. The first line of a WAT block names the file.
  for (const page of pages) {
    for (const [, text, name] of textOf(page).matchAll(/^```wat\n(;; (\w+)\.wat\n.*?)^```$/gms)) {
      fs.writeFileSync(path.join(folder, `${name}.wasm`), await toBinary(text));
    }
  }
});

afterAll(() => fs.rmSync(folder, { recursive: true }));

/** Replaces lines "expression; // value" of a snippet with assertions. */
function checked(snippet) {
  const check = (line, expression, value) =>
    /^([\d.]+|true|false|".*")$/.test(value)
      ? `process.getBuiltinModule("node:assert").strictEqual(${expression}, ${value});`
      : line;
  return snippet.replace(/^([^\s/].*); \/\/ ([\w.]+|"[^"]*")(?:[:,].*)?$/gm, check);
}

test("the README has snippets, and values in them are checked", () => {
  expect(ofReadme.length).toBe(7);
  expect(ofReadme.map(checked).join("").split("strictEqual").length - 1).toBe(14);
});

test.each(snippets)(
  "%s: snippet %i runs, and its values are right",
  async (page, index, snippet) => {
    // Examples of the reference use the exports of the package without importing them.
    const head = isReference(page)
      ? 'import { Memory, Snapshot, features } from "linear-memory";\n'
      : "";
    const text = head + checked(snippet);
    const kind = text.startsWith("import ") ? "mjs" : "js";
    const file = path.join(folder, `${page.replaceAll(path.sep, "-")}-${index}.${kind}`);
    fs.writeFileSync(file, text);
    await execute(process.execPath, [file], { cwd: folder });
  },
);

test("every member of the reference has an example, except those that programs do not call", () => {
  const text = textOf("index.d.ts");
  const source = typescript.createSourceFile("index.d.ts", text, typescript.ScriptTarget.Latest);
  const members = source.statements
    .filter(({ name }) => ["Memory", "MemoryConstructor", "Snapshot"].includes(name?.text))
    .flatMap(({ members }) => [...members])
    .map((member) => ({
      comment: text.slice(member.getFullStart(), member.getStart(source)),
      declaration: text.slice(member.getStart(source), member.end).split("\n", 1)[0],
    }));
  expect(members.length).toBeGreaterThan(25);
  const lacking = members.filter(({ comment }) => !/\* @example\s+\* ```js$/m.test(comment));
  expect(lacking.map(({ declaration }) => declaration)).toEqual([
    "readonly [importable]?: Registered extends { isRegistered: true }",
    'readonly [Symbol.toStringTag]: "WebAssembly.Memory";',
    "#private;",
    "private constructor();",
    'readonly [Symbol.toStringTag]: "Snapshot";',
    "readonly prototype: Memory<ArrayBufferLike, AddressType>;",
  ]);
});

/** Returns the anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page) {
  const counts = new Map();
  const outsideCode = textOf(page).replace(/^```.*?^```$/gms, "");
  return [...outsideCode.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => {
    const anchor = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
    const count = counts.get(anchor) ?? 0;
    counts.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
}

const { scripts } = require("../package.json");

describe.each(pages)("%s:", (page) => {
  test("all snippets are in languages that are tested", () => {
    const languages = new Set([...textOf(page).matchAll(/^```(\w+)$/gm)].map(([, name]) => name));
    // Commands, which are checked below; drawings; modules; and declarations in docs/api.
    const others = isReference(page) ? ["ts"] : ["sh", "text", "wat"];
    expect([...languages].filter((name) => name !== "js" && !others.includes(name))).toEqual([]);
  });

  test("the commands that it names exist", () => {
    const commands = [...textOf(page).matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);
    expect(commands.filter((name) => scripts[name] === undefined)).toEqual([]);
    const programs = [...textOf(page).matchAll(/\bnode ([\w-]+\/[\w/-]+\.js)/g)];
    expect(programs.filter(([, file]) => !fs.existsSync(path.join(root, file)))).toEqual([]);
  });

  test("the files and folders that it names exist", () => {
    const named = [
      ...textOf(page).matchAll(/`((?:[\w.-]+\/)*(?:[\w.-]+\/|[\w.-]+\.(?:js|rs|ts|md|yml)))`/g),
    ]
      .map(([, file]) => file)
      .filter((file) => !file.startsWith("target/")); // made by the programs here
    expect(named.filter((file) => !fs.existsSync(path.join(root, file)))).toEqual([]);
  });

  test("the files that it links to exist", () => {
    const links = [...textOf(page).matchAll(/\]\(([^):]+)\)/g)].map(([, link]) => link);
    const missing = links.filter((link) => {
      const [file, anchor] = link.split("#");
      const target = file === "" ? page : path.join(path.dirname(page), file);
      if (!fs.existsSync(path.join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
    expect(missing).toEqual([]);
  });
});

test("the files that comments name exist", () => {
  const files = ["lib", "src", "__test__", "soak", "bench", "scripts"].flatMap((folder) =>
    fs
      .readdirSync(path.join(root, folder), { recursive: true })
      .filter((file) => /\.(js|rs)$/.test(file))
      .map((file) => path.join(folder, file)),
  );
  const name = /\b(?:lib|src|__test__|soak|bench|scripts|docs|examples)\/[\w./-]+\.(?:js|rs|md)\b/g;
  const missing = files.flatMap((file) =>
    [...textOf(file).matchAll(name)]
      .filter(([named]) => !fs.existsSync(path.join(root, named)))
      .map(([named]) => `${file}: ${named}`),
  );
  expect(missing).toEqual([]);
});

test("the tests that SECURITY.md names exist", () => {
  const rows = [...textOf("SECURITY.md").matchAll(/^\|[^|]+\| (`[^|]+) \|$/gm)].map(
    ([, row]) => row,
  );
  expect(rows.length).toBeGreaterThan(10);
  const named = rows.flatMap((row) => [
    ...row.matchAll(/`([\w/.-]+)`(?:, (?:"([^"]+)"|`(\w+)`))?/g),
  ]);
  for (const [, file, name, func] of named.filter(([, file]) => file.includes("/"))) {
    const text = fs.readFileSync(path.join(root, file), "utf8").replaceAll("%s", "");
    expect(text).toContain(name ?? func ?? "");
  }
});

test.each([
  ["accumulate.js", /^accumulate\(0, 10\), in WebAssembly, is 45$/m],
  ["shared.js", /^4 workers added 1 to it 10000 times each: 40000$/m],
  [
    "time-travel.js",
    /^the database has 1003 rows\n.*\nthe database has apples, pears, plums again$/m,
  ],
  ["shrink.js", /^discard\(\) released 512\.0 MiB$/m],
  ["grep.js", /^262144 lines, counted in WebAssembly$/m],
])("the example %s prints its result", async (example, expected) => {
  const { stdout } = await execute(process.execPath, [path.join(root, "examples", example)]);
  expect(stdout).toMatch(expected);
});

test("the example persistent-counter.js continues where it was, even after a kill", async () => {
  const example = path.join(root, "examples", "persistent-counter.js");
  const file = path.join(folder, "counter.bin");
  for (const start of [1, 5]) {
    const { stdout } = await execute(process.execPath, [example, file]);
    expect(stdout).toMatch(`start ${start}, according to ${file}`);
    expect(stdout).toMatch(`3 processes counted themselves, and were killed: ${start + 3}`);
  }
});
