"use strict";

// Makes a memory, imports it into a WebAssembly module, and lets the module sum numbers in it. Follows the
// first example of MDN's page on the WebAssembly.Memory() constructor.

const assert = require("node:assert/strict");
const { readFile } = require("node:fs/promises");
const path = require("node:path");

const { Memory } = require("linear-memory");

/** Returns the response that `fetch("accumulate.wasm")` would get from a server. */
async function respond(file) {
  const body = await readFile(path.join(__dirname, file));
  return new Response(body, { headers: { "content-type": "application/wasm" } });
}

async function main() {
  const memory = new Memory({ initial: 10, maximum: 100 });
  console.log(`a memory of ${memory.buffer.byteLength} bytes, in reserved pages`);

  const { instance } = await WebAssembly.instantiateStreaming(respond("accumulate.wasm"), {
    js: { mem: memory.toWebAssembly() },
  });
  console.log("a module imports it as js.mem");

  const summands = new DataView(memory.buffer);
  for (let i = 0; i < 10; i++) {
    summands.setUint32(i * 4, i, true); // WebAssembly is little endian
  }
  console.log("JavaScript writes the numbers 0 to 9");

  const sum = instance.exports.accumulate(0, 10);
  assert.equal(sum, 45);
  console.log(`accumulate(0, 10), in WebAssembly, is ${sum}`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
