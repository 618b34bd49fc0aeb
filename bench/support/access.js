"use strict";

const { Memory } = require("../..");
const { PAGE, hasResizable } = require("./engine");

// Large enough that caches hold a part of it only, as with most memories.
const BYTES = 64 * 2 ** 20;
const PAGES = BYTES / PAGE;

const buffers = {
  "linear-memory": () => new Memory({ initial: PAGES, maximum: PAGES }).buffer,
  "plain ArrayBuffer": () => new ArrayBuffer(BYTES),
  "WebAssembly.Memory": () => new WebAssembly.Memory({ initial: PAGES, maximum: PAGES }).buffer,
  "resizable ArrayBuffer": hasResizable
    ? () => new ArrayBuffer(BYTES, { maxByteLength: BYTES })
    : undefined,
};

/**
 * A question about warm memory: how long an access takes, in a pass over 32-bit words.
 *
 * @param pass (words, accesses) => a number; compiled on its own, it refers to nothing outside it
 */
function accessQuestion({ pass, accesses = BYTES / Int32Array.BYTES_PER_ELEMENT, ...question }) {
  const measured =
    (make) =>
    async ({ perCall, keep, fresh }) => {
      const words = new Int32Array(make()).fill(1);
      const run = fresh(pass);
      const nanoseconds = await perCall(() => keep(run(words, accesses)));
      return nanoseconds / accesses;
    };
  const peers = Object.entries(buffers).map(([name, make]) => [name, make && measured(make)]);
  return {
    unit: "ns",
    against: "plain ArrayBuffer",
    required: 0.95,
    wanted: "the same, within 5 %",
    // Which physical pages a memory gets makes a difference, so each round has new ones.
    parameters: { rounds: 11, nanoseconds: 150e6 },
    quick: { rounds: 3, nanoseconds: 20e6, warmups: 0 },
    peers: Object.fromEntries(peers),
    ...question,
  };
}

module.exports = { accessQuestion };
