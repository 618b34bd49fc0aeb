"use strict";

// How a snapshot is saved: by nothing that a program can replace.

const { run } = require("../support/run-fixture");

test("nothing that a program replaces after loading is called, nor names the draft", async () => {
  const { found, left, called } = await run("save-with-replaced-functions.js");
  expect({ found, left, called }).toEqual({ found: [7, 7], left: ["snapshot"], called: [] });
});
