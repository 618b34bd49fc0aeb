"use strict";

// The bytes of a file after its writer was killed at a random moment.

const { spawn } = require("node:child_process");
const fs = require("node:fs");
const { once } = require("node:events");
const path = require("node:path");

const { useFiles } = require("../support/files");

const program = path.join(__dirname, "..", "fixtures", "write-sequence.js");
const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);

// A hundred rounds take a minute.
const ROUNDS = Number(process.env.LINEAR_MEMORY_CRASHES ?? 20);

/**
 * Kills a writer after `reports` reports and `spins` rounds of an empty loop. Returns the last index that it
 * reported.
 */
async function killWriter(file, reports, spins) {
  const child = spawn(process.execPath, [program, file], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("latin1");
  const exit = once(child, "close");
  child.stdout.on("data", (chunk) => {
    text += chunk;
    if (text.split("\n").length <= reports) return;
    for (let spin = 0; spin < spins; spin++);
    child.kill("SIGKILL");
  });
  const [, signal] = await exit;
  expect(signal).toBe("SIGKILL");
  return Number(text.slice(0, text.lastIndexOf("\n")).split("\n").at(-1));
}

/** Returns how many words at the start are the sequence's. Throws if a later word is not zero. */
function wordsOf(file) {
  const content = fs.readFileSync(file);
  expect(content.length % 65_536).toBe(0);
  const words = new Uint32Array(content.buffer, content.byteOffset, content.length / 4);
  const count = words.findIndex((word, index) => word !== ((index + 1) ^ 0x5eed_0000) >>> 0);
  const end = count === -1 ? words.length : count;
  if (words.subarray(end).some((word) => word !== 0)) throw new Error(`written after ${end}`);
  return end;
}

test(`${ROUNDS} killed writers lose no flushed word, and leave no word that was not written`, async () => {
  const counts = new Set();
  let seed = 1;
  const random = (limit) => (seed = (seed * 48_271) % 2_147_483_647) % limit;
  let left = ROUNDS;
  const killSome = async () => {
    while (left-- > 0) {
      const file = newFile();
      const flushed = await killWriter(file, 1 + random(20), random(2_000_000));
      const count = wordsOf(file);
      expect(count).toBeGreaterThan(flushed);
      counts.add(count);
      fs.rmSync(file);
    }
  };
  await Promise.all([killSome(), killSome()]);
  // They were killed at many different moments.
  expect(counts.size).toBeGreaterThan(ROUNDS / 4);
}, 120_000);
