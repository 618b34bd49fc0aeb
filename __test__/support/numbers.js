"use strict";

/** What no `[EnforceRange] unsigned long` is, for WebIDL, and how an error shows it. */
const beyondU32 = [
  [NaN, "NaN"],
  [Infinity, "Infinity"],
  [-Infinity, "-Infinity"],
  [-1, "-1"],
  [2 ** 32, "4294967296"],
  [2 ** 36, "68719476736"],
  ["x", '"x"'],
  ["3n", '"3n"'],
  ["-1", '"-1"'],
  ["Infinity", '"Infinity"'],
  ["0x100000000", '"0x100000000"'],
  [{}, '"[object Object]"'],
  [[1, 2], '"1,2"'],
  [{ valueOf: () => 2 ** 32 }, "4294967296"],
];

module.exports = { beyondU32 };
