"use strict";

// WebAssembly modules that write, check and grow their memory.

const { compile } = require("../__test__/support/wat");
const { PAGE, FACTOR } = require("./content");

/** The address types that modules are compiled for. */
const ADDRESSES = ["i32", "i64"];

function text(address, memory) {
  const at = address === "i64" ? "(i64.extend_i32_u (local.get $at))" : "(local.get $at)";
  const grow =
    address === "i64"
      ? "(i32.wrap_i64 (memory.grow (i64.extend_i32_u (local.get $delta))))"
      : "(memory.grow (local.get $delta))";
  const begin = `(local.set $at (i32.mul (local.get $page) (i32.const ${PAGE})))
      (local.set $end (i32.add (local.get $at) (i32.const ${PAGE})))`;
  const next = `(local.set $word (i32.mul (local.get $word) (i32.const ${FACTOR})))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br_if $words (i32.ne (local.get $at) (local.get $end)))`;
  return `(module
    ${memory}
    (func (export "fill") (param $page i32) (param $word i32) (local $at i32) (local $end i32)
      ${begin}
      (loop $words
        (i32.store ${at} (local.get $word))
        ${next}))
    (func (export "isRight") (param $page i32) (param $word i32) (result i32)
      (local $at i32) (local $end i32)
      ${begin}
      (loop $words
        (if (i32.ne (i32.load ${at}) (local.get $word)) (then (return (i32.const 0))))
        ${next})
      (i32.const 1))
    (func (export "grow") (param $delta i32) (result i32) ${grow}))`;
}

/** Returns the modules by the type of memory that they import or export, for all types of this engine. */
async function compilePrograms(features, maxPages) {
  const programs = {};
  for (const address of ADDRESSES) {
    if (address === "i64" && !features.memory64) continue;
    const type = address === "i64" ? "i64 " : "";
    const unshared = `(memory (import "m" "m") ${type}0)`;
    programs[nameOf({ address, shared: false })] = await compile(text(address, unshared));
    const shared = `(memory (import "m" "m") ${type}0 65536 shared)`;
    programs[nameOf({ address, shared: true })] = await compile(text(address, shared));
  }
  const exported = `(memory (export "memory") 1 ${maxPages})`;
  programs.exporting = await compile(text("i32", exported));
  return programs;
}

function nameOf({ address, shared }) {
  return `${address}${shared ? " shared" : ""}`;
}

/** Instantiates the module for the type with an engine memory, and returns its exports. */
function runOn(programs, type, memory) {
  return new WebAssembly.Instance(programs[nameOf(type)], { m: { m: memory } }).exports;
}

module.exports = { compilePrograms, runOn };
