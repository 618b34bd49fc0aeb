"use strict";

// Shared memories of files, opened one after another and dropped. The engine unmaps their pages without a
// word, and uses the addresses again. Some of the files are truncated, and a lost page is touched. Prints
// how many memories lost a page, how many of these report it, and how many others report it too.

const fs = require("node:fs");
const { setImmediate: turn } = require("node:timers/promises");
const { setFlagsFromString } = require("node:v8");
const { runInNewContext } = require("node:vm");

const { Memory } = require("../..");
const native = require("../../native");

const PAGE = 65_536;
const ROUNDS = 300;
const [directory] = process.argv.slice(2);

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

let seed = 1;
function random(below) {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
  return (seed >> 8) % below;
}

function open(number) {
  const file = `${directory}-${number}`;
  const pages = 2 + random(7);
  fs.writeFileSync(file, Buffer.alloc(pages * PAGE, 1));
  const maximum = [16, 64, 256][random(3)];
  const memory = Memory.open(file, { mode: "r+", shared: true, maximum });
  addresses.add(native.address(new Uint8Array(memory.buffer)));
  return { file, pages, memory, isLost: false };
}

function lose({ file, pages, memory }) {
  const bytes = new Uint8Array(memory.buffer);
  fs.truncateSync(file, PAGE);
  bytes[PAGE * (1 + random(pages - 1))] = 3;
}

/** Whether all calls on the memory throw. */
function reports({ memory }) {
  const calls = [() => memory.flushSync(), () => memory.buffer, () => memory.grow(0)];
  const thrown = calls.filter((call) => {
    try {
      call();
      return false;
    } catch {
      return true;
    }
  });
  return thrown.length === calls.length;
}

const addresses = new Set();
const kept = [];
const result = { rounds: ROUNDS, lost: 0, reported: 0, blamed: 0, addresses: 0 };

async function main() {
  for (let number = 0; number < ROUNDS; number++) {
    kept.push(open(number));
    if (kept.length > 8) {
      const [dropped] = kept.splice(random(kept.length), 1);
      fs.rmSync(dropped.file);
    }
    if (number % 3 === 0) {
      await turn();
      collect();
      await turn();
    }
    const chosen = kept[random(kept.length)];
    if (chosen.isLost || random(2) === 0) continue;
    chosen.isLost = true;
    lose(chosen);
    result.lost++;
    if (reports(chosen)) result.reported++;
    result.blamed += kept.filter((other) => !other.isLost && reports(other)).length;
  }
  result.addresses = addresses.size;
  for (const { file } of kept) fs.rmSync(file);
  console.log(JSON.stringify(result));
}

main();
