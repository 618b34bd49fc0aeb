"use strict";

// The kinds of memories, and how each is made. Memories that can move into the engine do so later.

const { Memory, features } = require("..");
const { MAX_PAGES } = require("./ledger");

/** The maximum of a shared memory that no engine can host. */
const UNHOSTABLE = 300_000;

const kinds = [
  { name: "unshared", make: (type) => ({ memory: new Memory(type) }) },
  { name: "unshared, no maximum", make: ({ initial }) => ({ memory: new Memory({ initial }) }) },
  {
    name: "unshared, 64-bit",
    make: (type) => ({ memory: new Memory(as64(type)), cannotMove: !features.memory64 }),
  },
  {
    name: "huge pages",
    isSupported: features.hugePages,
    make: (type) => ({ memory: new Memory(type, { hugePages: true }) }),
  },
  {
    name: "adopted",
    make: (type) => ({ memory: Memory.from(new WebAssembly.Memory(type)) }),
  },
  {
    name: "exported",
    make(_type, { programs }) {
      const { exports } = new WebAssembly.Instance(programs.exporting);
      return { memory: Memory.from(exports.memory), program: exports };
    },
  },
  { name: "shared", make: (type) => ({ memory: new Memory({ ...type, shared: true }) }) },
  {
    name: "shared, 64-bit",
    make: (type) => ({
      memory: new Memory({ ...as64(type), shared: true }),
      cannotMove: !features.memory64,
    }),
  },
  {
    name: "shared, adopted",
    make: (type) => ({
      memory: Memory.from(new WebAssembly.Memory({ ...type, shared: true })),
    }),
  },
  {
    name: "shared, reserved",
    isSupported: features.externalSharedBuffers,
    make: ({ initial }) => ({
      memory: new Memory({ ...as64({ initial, maximum: UNHOSTABLE }), shared: true }),
      cannotMove: true,
    }),
  },
].filter(({ isSupported = true }) => isSupported);

function as64({ initial, maximum }) {
  return { address: "i64", initial: BigInt(initial), maximum: BigInt(maximum) };
}

/** Makes a memory of a random kind, with its program if it has one, and whether it cannot move. */
function makeAny(random, surroundings) {
  const { name, make } = random.pick(kinds);
  const initial = random.between(0, 8);
  const maximum = random.between(initial, MAX_PAGES);
  return { kind: name, ...make({ initial, maximum }, surroundings) };
}

module.exports = { makeAny };
