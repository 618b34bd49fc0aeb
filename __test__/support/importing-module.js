"use strict";

// A module that imports a memory and exports it again, and one that exports a memory of its own.

const { compile } = require("./wat");

const IMPORTER = (type) => `(module
  (memory (import "a" "b") ${type})
  (export "m" (memory 0))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))`;

const EXPORTER = '(module (memory (export "m") 1 5))';

/** Instantiates the importing module with `memory`. Returns its exports. */
async function instantiate(memory, type = "0") {
  return new WebAssembly.Instance(await compile(IMPORTER(type)), { a: { b: memory } }).exports;
}

module.exports = { IMPORTER, EXPORTER, instantiate };
