"use strict";

// Unmodified programs behave the same with linear-memory/register as without it.

const path = require("node:path");

const { runForText } = require("../support/run-fixture");

const file = path.join(__dirname, "..", "..", "register.js");

describe("an unmodified program prints the same with and without register:", () => {
  const parts = ["properties", "refusals", "reads", "instances", "memories", "threads"];

  test.each([...parts, "firstExample"])("%s", async (part) => {
    const program = (flags) => runForText("unmodified-program.js", { flags, args: [part] });
    const [with_, without] = await Promise.all([program(["--require", file]), program([])]);
    expect(with_).toBe(without);
    expect(without.length).toBeGreaterThan(2);
  });

  test("MDN's first example of WebAssembly.Memory prints 45", async () => {
    expect(
      await runForText("unmodified-program.js", { flags: ["-r", file], args: ["firstExample"] }),
    ).toBe("45\n");
  });
});
