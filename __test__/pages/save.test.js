"use strict";

// Snapshot.save() and Snapshot.open() after the program has replaced functions of Node.js.

const { run } = require("../support/run-fixture");

test("save() and open() call no replaced function, and no replaced function names the draft", async () => {
  const { found, left, called } = await run("save-with-replaced-functions.js");
  expect({ found, left, called }).toEqual({ found: [7, 7], left: ["snapshot"], called: [] });
});
