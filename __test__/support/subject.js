"use strict";

// What the conformance tests are about: our class, or, to check the tests themselves, the engine's.

const isReference = process.env.LINEAR_MEMORY_SUBJECT === "reference";

const Memory = isReference ? WebAssembly.Memory : require("../..").Memory;

/**
 * A test of what this engine's own class does differently, with the reason: it runs against ours
 * only.
 */
function testOurs(name, reason, body) {
  const run = isReference ? test.skip : test;
  run(`${name} (not in the reference: ${reason})`, body);
}

module.exports = { Memory, isReference, testOurs };
