"use strict";

// The class under test: the package's `Memory`, or with LINEAR_MEMORY_SUBJECT=registered the class that
// linear-memory/register installs, or with =reference the engine's own, to check the tests themselves.

const { thrownBy } = require("./thrown");

const subject = process.env.LINEAR_MEMORY_SUBJECT;
const isReference = subject === "reference";
const isRegistered = subject === "registered";

/** Whether programs cannot detach an unshared buffer. */
const hasDetachKeys = isReference || isRegistered || require("../..").features.detachKeys;

/** Which memories support `toResizableBuffer()`: in the registered class, if the engine has it. */
const hasResizable =
  isReference || isRegistered
    ? { unshared: makesResizable(), shared: makesResizable() }
    : require("../..").features.resizableBuffers;

/** Returns whether the engine's own class has `toResizableBuffer()`. */
function makesResizable() {
  return "toResizableBuffer" in WebAssembly.Memory.prototype;
}

const PAGE = 65_536;

/** What the engine's own class supports, of what some engines lack. */
const referenceHas = {
  address: accepts({ address: "i64", initial: 0n }),
  minimum: accepts({ minimum: 0 }),
  resizable: makesResizable(),
  type: new WebAssembly.Memory({ initial: 0 }).type?.().address === "i32",
};

function accepts(descriptor) {
  try {
    new WebAssembly.Memory(descriptor);
    return true;
  } catch {
    return false;
  }
}

if (isRegistered) require("../../register");

const Memory = isReference ? WebAssembly.Memory : require("../..").Memory;

/**
 * Declares a test of a rule that not every engine follows, with the clause that states it. Against the
 * engine's own class, it runs only if `has` is true.
 */
function testIfReferenceHas(has, name, reason, body) {
  runner(has)(`${name} (not in every engine: ${reason})`, body);
}

testIfReferenceHas.each = (has, table) => (name, reason, body) =>
  runner(has).each(table)(`${name} (not in every engine: ${reason})`, body);

/**
 * Declares a test of a rule that no engine follows, with the clause that states it. It does not run against
 * the engine's own class.
 */
function testNotInReference(name, reason, body) {
  runner(false)(`${name} (not in any engine: ${reason})`, body);
}

testNotInReference.each = (table) => (name, reason, body) =>
  runner(false).each(table)(`${name} (not in any engine: ${reason})`, body);

function runner(has) {
  return isReference && !has ? test.skip : test;
}

/** Declares a test of something that holds only for reserved pages. */
const testReservedPages = isReference || isRegistered ? test.skip : test;

/** Expects `body` to throw a `Kind`, whose message contains `parts` unless it is the engine's own. */
function expectError(body, Kind, ...parts) {
  const error = thrownBy(body);
  expect(error).toBeInstanceOf(Kind);
  if (isReference) return;
  for (const part of parts) expect(error.message).toContain(part);
}

function pageCount(memory) {
  return memory.buffer.byteLength / PAGE;
}

function bytesOf(memory) {
  return new Uint8Array(memory.buffer);
}

module.exports = {
  Memory,
  PAGE,
  isReference,
  hasDetachKeys,
  hasResizable,
  referenceHas,
  testIfReferenceHas,
  testNotInReference,
  testReservedPages,
  expectError,
  pageCount,
  bytesOf,
};
