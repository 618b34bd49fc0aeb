"use strict";

// What the conformance tests are about: our class, also as linear-memory/register has it, or, to check
// the tests themselves, the engine's.

const { thrownBy } = require("./thrown");

const subject = process.env.LINEAR_MEMORY_SUBJECT;
const isReference = subject === "reference";
const isRegistered = subject === "registered";

/** Whether an unshared buffer refuses to be detached by a program. */
const hasDetachKeys = isReference || isRegistered || require("../..").features.detachKeys;

/** Which memories have resizable buffers: those of all classes, of ours only, or of none. */
const hasResizable =
  isReference || isRegistered
    ? { unshared: makesResizable(), shared: makesResizable() }
    : require("../..").features.resizableBuffers;

/** Whether the engine's own class has them. */
function makesResizable() {
  return "toResizableBuffer" in WebAssembly.Memory.prototype;
}

const PAGE = 65_536;

/** What the classes of some engines have, and those of others lack. */
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
 * A test of what some engine's own class does differently, with the clause that decides: it runs
 * against ours, and against those that do the same.
 */
function testWhere(has, name, reason, body) {
  runner(has)(`${name} (not in every reference: ${reason})`, body);
}

testWhere.each = (has, table) => (name, reason, body) =>
  runner(has).each(table)(`${name} (not in every reference: ${reason})`, body);

/**
 * A test of what every engine's own class does differently, with the clause that decides: it runs
 * against ours only.
 */
function testOurs(name, reason, body) {
  runner(false)(`${name} (not in the reference: ${reason})`, body);
}

testOurs.each = (table) => (name, reason, body) =>
  runner(false).each(table)(`${name} (not in the reference: ${reason})`, body);

function runner(has) {
  return isReference && !has ? test.skip : test;
}

/** A test of what is only so where the pages are ours. */
const testReserved = isReference || isRegistered ? test.skip : test;

/** Expects an error of that kind; of ours also that its message has all those parts. */
function expectError(body, Kind, ...parts) {
  const error = thrownBy(body);
  expect(error).toBeInstanceOf(Kind);
  if (isReference) return;
  for (const part of parts) expect(error.message).toContain(part);
}

function pagesOf(memory) {
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
  testWhere,
  testOurs,
  testReserved,
  expectError,
  pagesOf,
  bytesOf,
};
