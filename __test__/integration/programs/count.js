"use strict";

// Runs words.ts, compiled, through the bindings that the compiler made.
// Arguments: the module, its bindings.

const { createHash } = require("node:crypto");
const fs = require("node:fs");

const [, , modulePath, bindings] = process.argv;

const WORDS = 60_000;
const LIMIT = 3_000_000;

const text = Array.from({ length: WORDS }, (_, i) => `wörd${(i * i) % 9973}`).join(" ");

async function main() {
  const { instantiate } = await import(bindings);
  const module = new WebAssembly.Module(fs.readFileSync(modulePath));
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { count, primes } = await instantiate(module, { env: { memory } });

  console.log(count("the quick brown fox jumps over the lazy dog the end"));
  process.emit("checkpoint");

  const counts = count(text);
  process.emit("checkpoint");
  console.log(counts.split("\n").length, createHash("sha256").update(counts).digest("hex"));

  const found = primes(LIMIT);
  process.emit("checkpoint");
  console.log(found.length, found.at(-1), createHash("sha256").update(found).digest("hex"));
}

main();
