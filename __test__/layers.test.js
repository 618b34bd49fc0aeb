"use strict";

// The layers that docs/architecture.md draws: a module uses what is below it, and nothing above.

const fs = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "..");

// From the top. What is in one line does not use each other.
const JAVASCRIPT = [
  ["index.js", "register.js"],
  ["lib/register/"],
  ["lib/memory.js"],
  ["lib/snapshot.js"],
  ["lib/operations/"],
  ["lib/stores/"],
  ["lib/identity/"],
  ["lib/engine/"],
  ["lib/addon/"],
  ["lib/webidl/"],
  ["lib/built-ins/"],
  ["native.js"],
];
const RUST = [
  ["src/exports/"],
  ["src/handoff/"],
  ["src/handles.rs"],
  ["src/files/"],
  ["src/memory/"],
  ["src/pages/"],
  ["src/waits.rs", "src/mapping_budget.rs"],
  ["src/error.rs", "src/sync.rs", "src/units.rs"],
  ["src/sys/"],
];

const filesIn = (folder, extension) =>
  fs
    .readdirSync(path.join(root, folder), { recursive: true })
    .filter((file) => file.endsWith(extension))
    .map((file) => path.posix.join(folder, file.replaceAll(path.sep, "/")));

const textOf = (file) => fs.readFileSync(path.join(root, file), "utf8");

/** Returns the files that a JavaScript module requires. */
function required(file) {
  return [...textOf(file).matchAll(/\brequire\("(\.[^"]*)"\)/g)].map(([, name]) => {
    const found = require.resolve(path.join(root, path.dirname(file), name));
    return path.relative(root, found).replaceAll(path.sep, "/");
  });
}

/** Returns the modules of the crate that a Rust file uses outside its tests, as files or folders. */
function used(file) {
  const [text] = textOf(file)
    .replace(/^\s*\/\/.*$/gm, "")
    .replace(/\bcrate::\{([^}]*)\}/g, (_, list) =>
      list.replace(/[^,]+/g, (name) => `crate::${name.trim()}`),
    )
    .split("#[cfg(test)]\nmod tests");
  const names = [...text.matchAll(/\bcrate::(\w+)/g)].map(([, name]) => name);
  return names
    .flatMap((name) => [`src/${name}.rs`, `src/${name}/`])
    .filter((name) => fs.existsSync(path.join(root, name)));
}

const isIn = (file) => (part) => (part.endsWith("/") ? file.startsWith(part) : file === part);

/** Returns the arrows that do not point down. */
function wrongArrows(layers, files, usedBy) {
  const layerOf = (file) => layers.findIndex((parts) => parts.some(isIn(file)));
  const partOf = (file) => layers.flat().find(isIn(file));
  expect(files.filter((file) => layerOf(file) === -1)).toEqual([]);
  return files.flatMap((file) =>
    [...new Set(usedBy(file))]
      .filter((other) => partOf(other) !== partOf(file) && layerOf(other) <= layerOf(file))
      .map((other) => `${file} -> ${other}`),
  );
}

/** Returns a circle of files that need each other, or nothing. */
function circle(files, usedBy) {
  const done = new Set();
  const visit = (file, way) => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file].join(" -> ");
    if (done.has(file)) return undefined;
    for (const other of usedBy(file)) {
      const found = visit(other, [...way, file]);
      if (found !== undefined) return found;
    }
    done.add(file);
    return undefined;
  };
  return files.map((file) => visit(file, [])).find((found) => found !== undefined);
}

describe("of JavaScript,", () => {
  const files = ["index.js", "register.js", "native.js", ...filesIn("lib", ".js")];

  test("every arrow points down", () => {
    expect(wrongArrows(JAVASCRIPT, files, required)).toEqual([]);
  });

  test("no two files need each other", () => {
    expect(circle(files, (file) => required(file).filter((name) => name.endsWith(".js")))).toBe(
      undefined,
    );
  });
});

test("of Rust, every arrow points down", () => {
  const files = filesIn("src", ".rs").filter(
    (file) =>
      file !== "src/lib.rs" && !file.startsWith("src/tests/") && !file.endsWith("testing.rs"),
  );
  expect(wrongArrows(RUST, files, used)).toEqual([]);
});
