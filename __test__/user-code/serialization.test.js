"use strict";

// Memories and snapshots cannot be serialized or cloned.

const v8 = require("node:v8");

const { Memory } = require("../..");

describe("v8.serialize() and structuredClone() throw for", () => {
  const memory = new Memory({ initial: 1 });
  class Derived extends Memory {}

  test.each([
    ["a memory", memory],
    ["a memory of a subclass", new Derived({ initial: 1 })],
    ["a snapshot", memory.snapshot()],
    ["a closed memory", closed()],
  ])("%s", (_, value) => {
    expect(() => v8.serialize(value)).toThrow("could not be cloned");
    expect(() => structuredClone({ deep: [value] })).toThrow("could not be cloned");
    expect(Reflect.ownKeys(value)).toEqual([]);
    expect(Object.isExtensible(value)).toBe(true);
  });

  function closed() {
    const made = new Memory({ initial: 1 });
    made.close();
    return made;
  }
});
