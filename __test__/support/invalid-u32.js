"use strict";

/** Values that WebIDL rejects for `[EnforceRange] unsigned long`, and how an error message shows them. */
const invalidU32 = [
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

module.exports = { invalidU32 };
