"use strict";

// A memory of a file that a module is to grow, where the engine may move it. Prints what came of that.

const fs = require("node:fs");

const { Memory } = require("../..");
const native = require("../../native");

const PAGE = 65_536;
const [file, maximum, way] = process.argv.slice(2);
if (way === "registered") require("../../register");
const isUnchecked = way === "unchecked";
// A kernel may show more than the engine has reserved, if something inaccessible lies behind.
if (isUnchecked) native.hostedReserved = () => 2 ** 33;

const content = Buffer.alloc(2 * PAGE + 100, 1);
fs.writeFileSync(file, content);

const shown = ({ name, message }) => ({ name, message });
const bytesOf = (memory) => new Uint8Array(memory.buffer);

function main() {
  let memory, engine;
  const before = { size: fs.statSync(file).size };
  try {
    memory = Memory.open(file, { mode: "r+", maximum: Number(maximum) || undefined });
    engine = memory.toWebAssembly();
  } catch (error) {
    const kept = { size: fs.statSync(file).size };
    let isFile;
    if (memory !== undefined) {
      // It is where it was, and still the file.
      bytesOf(memory)[5] = 9;
      isFile = fs.readFileSync(file)[5] === 9 && memory.grow(1) === 3;
      bytesOf(memory)[3 * PAGE] = 8;
      isFile &&= fs.readFileSync(file)[3 * PAGE] === 8;
      memory.close();
    }
    return { refusal: shown(error), before, kept, isFile };
  }
  for (let growth = 0; growth < 5; growth++) engine.grow(100);
  new Uint8Array(engine.buffer)[5] = 9;
  const errors = [];
  const uses = [
    () => memory.flushSync(),
    () => memory.buffer,
    () => memory.grow(0),
    () => memory.flushSync(),
  ];
  for (const use of uses) {
    try {
      use();
    } catch (error) {
      errors.push(shown(error));
    }
  }
  const { 5: byte, length } = fs.readFileSync(file);
  memory.close();
  if (isUnchecked) return { errors, byte, isClosed: true };
  return { errors, byte, length };
}

console.log(JSON.stringify(main()));
