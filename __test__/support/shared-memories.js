"use strict";

// Shared memories of each kind.

const { Memory, features } = require("../..");

/** Converts a number of pages to the memory's address type. */
function toAddressType(memory, count) {
  return memory.type().address === "i64" ? BigInt(count) : count;
}

const makeShared = (maximum = 10) => new Memory({ initial: 1, maximum, shared: true });

const makeShared64 = (maximum = 10) =>
  new Memory({ initial: 1n, maximum: BigInt(maximum), shared: true, address: "i64" });

/** Makes a memory whose maximum no engine can host, although it can only have 262,144 pages. */
const makeReserved = () => makeShared64(300_000);

/**
 * The kinds of shared memories that this engine supports, as rows of a table: a name, a function that
 * makes one, and whether a module can import it.
 */
const sharedKinds = [
  ["i32", makeShared, true],
  ["i64, few pages", makeShared64, features.memory64],
  ...(features.externalSharedBuffers ? [["i64, reserved", makeReserved, false]] : []),
];

module.exports = { toAddressType, makeShared, makeReserved, sharedKinds };
