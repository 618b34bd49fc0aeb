"use strict";

// Grows a memory of a file with the addon of `npm run build:fault`: fallocate(2) fails with an error of
// this name, and so do other calls. Prints what came of it.

const fs = require("node:fs");
const { constants } = require("node:os");

const { Memory } = require("../..");
const native = require("../../native");

const PAGE = 65_536;
const [file, name, failsToWrite] = process.argv.slice(2);

const memory = Memory.open(file, { mode: "r+", initial: 1, maximum: 64 });
new Uint8Array(memory.buffer).fill(7);

/** What came of a growth, with the calls of these numbers failing. */
function grow(delta, calls) {
  native.failAt(calls, constants.errno[name]);
  let error;
  try {
    memory.grow(delta);
  } catch (thrown) {
    error = { name: thrown.name, code: thrown.code, message: thrown.message };
  }
  const reached = native.callsReached();
  native.failAt([]);
  const { size, blocks } = fs.statSync(file);
  const pages = memory.buffer.byteLength / PAGE;
  return { error, reached, pages, size, hasRoom: blocks * 512 >= size };
}

const { reached } = grow(1, []);
const call = reached.indexOf("fallocate") + 1;
const failing = failsToWrite === "true" ? [call, call + 1] : [call];
const refused = grow(32, failing);
const grown = grow(2, [call]);
new Uint8Array(memory.buffer).fill(8);
const content = fs.readFileSync(file);
console.log(JSON.stringify({ refused, grown, isFile: content.every((byte) => byte === 8) }));
