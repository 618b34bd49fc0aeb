"use strict";

// Closes a memory whose buffer is resizable while the process can open no file; prints what comes of it.

const fs = require("node:fs");

const { Memory } = require("../..");
const { thrownBy } = require("../support/thrown");

const memory = new Memory({ initial: 16, maximum: 32 });
const buffer = memory.toResizableBuffer();
new Uint8Array(buffer).fill(1);
// What is loaded when it is used is loaded by now.
const other = new Memory({ initial: 1, maximum: 2 });
other.toResizableBuffer();
other.close();

const descriptors = [];
let code;
while (code === undefined) {
  try {
    descriptors.push(fs.openSync("/dev/null"));
  } catch (error) {
    ({ code } = error);
  }
}
let failure;
try {
  memory.close();
} catch ({ name, message }) {
  failure = { name, message };
}
descriptors.forEach((descriptor) => fs.closeSync(descriptor));

const { name, message } = thrownBy(() => memory.buffer);
const { byteLength } = buffer;
console.log(JSON.stringify({ code, failure, byteLength, after: { name, message } }));
