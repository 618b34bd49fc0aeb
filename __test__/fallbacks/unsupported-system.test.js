"use strict";

// A system without huge pages, mapped files and waits: the mocked addon reports what it does on Windows and
// older macOS.

jest.mock("../../native", () => ({
  ...jest.requireActual("../../native"),
  hasHugePages: () => false,
  mapsFiles: () => false,
  hasWaits: () => false,
}));

const { Memory, features } = require("../..");

test("`features` reports the missing capabilities", () => {
  expect(features).toMatchObject({ hugePages: false, mappedFiles: false, waits: false });
});

test.each([
  ["Memory.open()", () => Memory.open(__filename)],
  ["Memory.map()", () => new Memory({ initial: 1 }).map(0, __filename)],
])("%s throws a TypeError with the reason", (member, use) => {
  expect(use).toThrow(TypeError);
  expect(use).toThrow(`${member}: this system cannot map files into a memory`);
});

test("`wait()` rejects and `notify()` throws, with a TypeError that has the reason", async () => {
  const memory = new Memory({ initial: 1, maximum: 1, shared: true });
  await expect(memory.wait(0, 0)).rejects.toThrow(TypeError);
  await expect(memory.wait(0, 0)).rejects.toThrow(
    /^Memory\.wait\(\): this system cannot wait between /,
  );
  expect(() => memory.notify(0)).toThrow(TypeError);
  expect(() => memory.notify(0)).toThrow(/^Memory\.notify\(\): this system cannot wait between /);
});

test("`hugePages: true` throws a TypeError with the reason", () => {
  const make = () => new Memory({ initial: 1 }, { hugePages: true });
  expect(make).toThrow(TypeError);
  expect(make).toThrow(/^Memory: hugePages: not supported by this system/);
});
