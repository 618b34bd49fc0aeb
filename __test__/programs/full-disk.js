"use strict";

// Grows a memory of a file until there is no room for more, by the limit that the test has set.

const fs = require("node:fs");

const { Memory } = require("../..");

const PAGE = 65_536;
const [file, shared] = process.argv.slice(2);

const memory = Memory.open(file, {
  mode: "r+",
  initial: 1,
  maximum: 64,
  shared: shared === "shared",
});
memory.grow(2);
new Uint8Array(memory.buffer).fill(7);

const stateOf = () => ({
  pages: memory.buffer.byteLength / PAGE,
  size: fs.statSync(file).size,
  isFilled: new Uint8Array(memory.buffer).every((byte) => byte === 7),
});
const { buffer } = memory;
const before = stateOf();
const errors = [];
for (let round = 0; round < 3; round++) {
  try {
    memory.grow(32);
  } catch ({ name, message, code }) {
    errors.push({ name, message, code });
  }
}
const after = stateOf();
const isSame = memory.buffer === buffer;
const grown = memory.grow(1);
new Uint8Array(memory.buffer).fill(8);

const made = `${file}-2`;
let refusal;
try {
  Memory.open(made, { mode: "w+", initial: 32 });
} catch ({ name, message, code }) {
  refusal = { name, message, code };
}
const open = fs.readdirSync("/proc/self/fd").filter((descriptor) => {
  try {
    return fs.readlinkSync(`/proc/self/fd/${descriptor}`) === made;
  } catch {
    return false;
  }
});
const isLeft = fs.existsSync(made);

const content = Buffer.alloc(PAGE + 100, 7);
fs.writeFileSync(made, content);
const kept = ["r+", "w+"].map((mode) => {
  try {
    return Memory.open(made, { mode, initial: 32 });
  } catch ({ code }) {
    return { mode, code, isSame: fs.readFileSync(made).equals(content) };
  }
});
console.log(JSON.stringify({ before, after, isSame, grown, errors, refusal, open, isLeft, kept }));
