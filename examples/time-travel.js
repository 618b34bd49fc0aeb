"use strict";

// Makes a database go back in time: SQLite runs in a WebAssembly instance (sql.js). The example takes a
// snapshot of the instance's memory, changes it with a thousand inserts, and restores it.
//
// The database is attached as ":memory:", since sql.js keeps databases that are files in JavaScript objects.
// A snapshot holds the memory and nothing else: not the instance's globals and tables, nor the state of its
// JavaScript. So it is taken and restored between calls, while no statement is open.

const assert = require("node:assert/strict");
const { readFile } = require("node:fs/promises");
const initSqlJs = require("sql.js");

const { Memory } = require("linear-memory");

const SQLITE = require.resolve("sql.js/dist/sql-wasm.wasm");
const INSERTS = 1_000;

async function main() {
  const { SQL, memory } = await loadSqlite();
  const database = new SQL.Database();
  const rows = () => database.exec("SELECT name FROM shop.goods ORDER BY id")[0].values.flat();

  database.run(`
    ATTACH ':memory:' AS shop;
    CREATE TABLE shop.goods (id INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO shop.goods (name) VALUES ('apples'), ('pears'), ('plums');
  `);
  console.log(`a database with ${rows().join(", ")}`);

  const { byteLength } = memory.buffer;
  const snapshot = timed(`snapshot() of ${byteLength / 2 ** 20} MiB`, () => memory.snapshot());

  // The first restore() maps the snapshot in place of the pages. The next ones only restore the pages that
  // were written to.
  for (const time of ["the first", "the second"]) {
    timed(`${INSERTS} inserts, ${time} time`, () => {
      for (let i = 0; i < INSERTS; i++) {
        database.run("INSERT INTO shop.goods (name) VALUES (?)", [`something, ${i}`]);
      }
    });
    assert.equal(rows().length, 3 + INSERTS);
    console.log(`the database has ${rows().length} rows`);

    timed(`restore(), ${time} time`, () => memory.restore(snapshot));
    assert.deepEqual(rows(), ["apples", "pears", "plums"]);
    console.log(`the database has ${rows().join(", ")} again`);
  }

  database.run("INSERT INTO shop.goods (name) VALUES ('cherries')");
  assert.deepEqual(rows(), ["apples", "pears", "plums", "cherries"]);
  console.log(`and continues from there: ${rows().join(", ")}`);
}

/** Loads sql.js. Returns it with the memory that its instance exports. */
async function loadSqlite() {
  const module = await WebAssembly.compile(await readFile(SQLITE));
  let memory;
  const SQL = await initSqlJs({
    // Emscripten's hook for programs that instantiate the module themselves.
    instantiateWasm(imports, receive) {
      const instance = new WebAssembly.Instance(module, imports);
      const isMemory = (value) => value instanceof WebAssembly.Memory;
      memory = Memory.from(Object.values(instance.exports).find(isMemory));
      receive(instance);
    },
  });
  return { SQL, memory };
}

function timed(what, action) {
  const start = performance.now();
  const result = action();
  console.log(`${what} took ${(performance.now() - start).toFixed(3)} ms`);
  return result;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
