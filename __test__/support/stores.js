"use strict";

// Memories with each kind of store, and helpers that read and fill their pages.

const { Memory, features } = require("../..");
const native = require("../../native");

const PAGE = 65_536;

/** More pages than an engine memory can have. */
const TOO_MANY = 300_000n;

/** Names of stores, with functions that make a memory of `initial` pages which can grow to `maximum`. */
const stores = [
  ["reserved", (initial, maximum) => new Memory({ initial, maximum })],
  [
    "moved into the engine",
    (initial, maximum) => {
      const memory = new Memory({ initial, maximum });
      memory.toWebAssembly();
      return memory;
    },
  ],
  ["adopted", (initial, maximum) => Memory.from(new WebAssembly.Memory({ initial, maximum }))],
  ["shared", (initial, maximum) => new Memory({ initial, maximum, shared: true })],
];

if (features.externalSharedBuffers) {
  stores.push([
    "reserved and shared",
    (initial) =>
      new Memory({ address: "i64", initial: BigInt(initial), maximum: TOO_MANY, shared: true }),
  ]);
}
if (features.hugePages) {
  stores.push([
    "reserved, of huge pages",
    (initial, maximum) => new Memory({ initial, maximum }, { hugePages: true }),
  ]);
}

/** Grows by `delta` pages, converted to the memory's address type. */
function grow(memory, delta) {
  return memory.grow(memory.type().address === "i64" ? BigInt(delta) : delta);
}

const bytesOf = (memory) => new Uint8Array(memory.buffer);

const addressOf = (memory) => native.address(bytesOf(memory));

/** Fills the pages from `from` up to `to` with a byte. */
function fill(memory, value, from = 0, to = memory.buffer.byteLength / PAGE) {
  new Uint8Array(memory.buffer, from * PAGE, (to - from) * PAGE).fill(value);
}

/** Returns for each page the value of its bytes, or undefined if they differ. */
function pageValues(memory) {
  const pages = [];
  for (let at = 0; at < memory.buffer.byteLength; at += PAGE) {
    const page = Buffer.from(memory.buffer, at, PAGE);
    pages.push(page.equals(Buffer.alloc(PAGE, page[0])) ? page[0] : undefined);
  }
  return pages;
}

module.exports = { PAGE, stores, grow, bytesOf, addressOf, fill, pageValues };
