"use strict";

// Fills and asks a database with sql.js, whose module exports its memory.

const { createHash } = require("node:crypto");

const initSqlJs = require("sql.js");

const BATCHES = 8;
const ROWS = 5_000;

/** Numbers that look random, the same in every run. */
function numbers(seed) {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
}

const MANDELBROT = `
  WITH RECURSIVE
    xs(x) AS (VALUES(-2.0) UNION ALL SELECT x + 0.05 FROM xs WHERE x < 1.2),
    ys(y) AS (VALUES(-1.0) UNION ALL SELECT y + 0.1 FROM ys WHERE y < 1.0),
    m(steps, cx, cy, x, y) AS (
      SELECT 0, x, y, 0.0, 0.0 FROM xs, ys
      UNION ALL
      SELECT steps + 1, cx, cy, x*x - y*y + cx, 2.0*x*y + cy FROM m
      WHERE x*x + y*y < 4.0 AND steps < 28),
    escaped(steps, cx, cy) AS (SELECT max(steps), cx, cy FROM m GROUP BY cx, cy),
    lines(line) AS (
      SELECT group_concat(substr(' .+*#', 1 + min(steps / 7, 4), 1), '')
      FROM escaped GROUP BY cy ORDER BY cy)
  SELECT group_concat(rtrim(line), char(10)) FROM lines`;

async function main() {
  const { Database } = await initSqlJs();
  const database = new Database();
  const ask = (sql) => database.exec(sql)[0].values;

  // In the module's memory; what is in the file, the glue code has in buffers of its own.
  database.run("ATTACH ':memory:' AS made");
  database.run(
    "CREATE TABLE made.orders (id INTEGER PRIMARY KEY, customer INT, amount INT, note TEXT)",
  );
  const next = numbers(42);
  let sum = 0;
  for (let batch = 0; batch < BATCHES; batch++) {
    database.run("BEGIN");
    const insert = database.prepare("INSERT INTO orders (customer, amount, note) VALUES (?, ?, ?)");
    for (let row = 0; row < ROWS; row++) {
      const amount = next() % 10_000;
      sum += amount;
      insert.run([next() % 1_000, amount, `${"note ".repeat(row % 200)}${next()} ünïcødé`]);
    }
    insert.free();
    database.run("COMMIT");
    process.emit("checkpoint");
  }
  database.run("CREATE INDEX made.by_customer ON orders (customer, amount)");

  console.log(ask("SELECT count(*), sum(amount) FROM orders")[0].join(), sum);
  const best = `
    SELECT customer, count(*), sum(amount), max(length(note)) FROM orders
    GROUP BY customer ORDER BY sum(amount) DESC, customer LIMIT 5`;
  console.log(ask(best).join("\n"));
  console.log(ask("SELECT count(*) FROM orders a JOIN orders b USING (customer, amount)").join());
  console.log(ask(MANDELBROT)[0][0]);

  database.run("CREATE TABLE main.orders AS SELECT * FROM made.orders");
  database.run("DETACH made");
  database.run("DELETE FROM orders WHERE id % 3 = 0");
  database.run("VACUUM");
  console.log(ask("PRAGMA integrity_check").join());
  const file = database.export();
  console.log(file.length, createHash("sha256").update(file).digest("hex"));
  const copy = new Database(file);
  console.log(copy.exec("SELECT count(*), max(length(note)) FROM orders")[0].values.join());
  process.emit("checkpoint");
}

main();
