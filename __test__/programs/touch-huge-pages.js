"use strict";

// Touches every page of a memory of huge pages; grows it and moves it into the engine after that.

const { Memory } = require("../..");
const native = require("../../native");

const MIB = 2 ** 20;

const memory = new Memory({ initial: 64 * 16 }, { hugePages: true });
const bytes = new Uint8Array(memory.buffer);
const before = process.resourceUsage().minorPageFault;
for (let at = 0; at < bytes.length; at += 4096) bytes[at] = 1;
const faults = process.resourceUsage().minorPageFault - before;
const aligned = native.address(bytes) % (2 * MIB) === 0;

memory.grow(16);
const isRight = (buffer) => {
  const all = new Uint8Array(buffer);
  return (
    all.length === 65 * MIB &&
    all.every((byte, at) => byte === Number(at % 4096 === 0 && at < 64 * MIB))
  );
};
const grown = isRight(memory.buffer);
console.log(
  JSON.stringify({ faults, aligned, bytes: grown && isRight(memory.toWebAssembly().buffer) }),
);
