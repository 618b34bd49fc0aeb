"use strict";

// Makes and grows memories where the address space is far too small for what they may grow to.

const { Memory } = require("../..");
const { addressSpace } = require("../support/kernel");

/** What `action` throws. */
function refusal(action) {
  try {
    action();
    return undefined;
  } catch ({ name, message }) {
    return { name, message };
  }
}

const memory = new Memory({ initial: 1, maximum: 65_536 });
new Uint8Array(memory.buffer)[0] = 9;

// Far enough to leave the reservation that the system granted.
const sizes = [];
while (memory.buffer.byteLength < 512 * 2 ** 20) {
  memory.grow(1024);
  new Uint8Array(memory.buffer)[memory.buffer.byteLength - 1] = 7;
  sizes.push(memory.buffer.byteLength);
}
const bytes = new Uint8Array(memory.buffer);

const { buffer } = memory;
const growth = refusal(() => memory.grow(57_000));
const before = addressSpace();
const creation = refusal(() => new Memory({ initial: 60_000 }));
const leaked = addressSpace() - before;

// Until there is no room for one more.
const held = [];
const exhaustion = refusal(() => {
  for (;;) held.push(new Memory({ initial: 16 }));
});

console.log(
  JSON.stringify({
    engine: refusal(() => new WebAssembly.Memory({ initial: 1, maximum: 65_536 })),
    first: bytes[0],
    last: sizes.map((size) => bytes[size - 1]),
    growth,
    unchanged: memory.buffer === buffer && bytes[0] === 9,
    creation,
    leaked,
    exhaustion,
    held: held.length,
    alive: [...Array(1000).keys()].map((key) => ({ key })).length,
  }),
);
