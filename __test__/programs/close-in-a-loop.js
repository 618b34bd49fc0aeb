"use strict";

// Makes, fills and closes memories in a loop without pause; prints what was resident at most.

const { Memory } = require("../..");
const { resident } = require("../support/kernel");

const PAGES = 1024;

let most = 0;
for (let time = 0; time < 100; time++) {
  const memory = new Memory({ initial: PAGES, maximum: PAGES });
  new Uint8Array(memory.buffer).fill(7);
  most = Math.max(most, resident());
  memory.close();
}
console.log(JSON.stringify({ most, left: resident() }));
