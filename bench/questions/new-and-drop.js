"use strict";

const { Memory } = require("../..");
const { PAGE, GIB, hasResizable } = require("../support/engine");

module.exports = {
  title: "Make a memory, write a byte, drop it",
  explanation: "Per memory, in a loop without turns of the event loop, and collecting all of them.",
  unit: "ns",
  against: "WebAssembly.Memory",
  required: 1.5,
  parameters: { rounds: 7, count: 20_000 },
  quick: { rounds: 2, count: 5_000, warmups: 0 },
  peers: {
    "linear-memory": dropped(() => new Memory({ initial: 1 }).buffer),
    "WebAssembly.Memory": dropped(() => new WebAssembly.Memory({ initial: 1 }).buffer),
    "resizable ArrayBuffer": hasResizable
      ? dropped(() => new ArrayBuffer(PAGE, { maxByteLength: 4 * GIB }))
      : undefined,
    "plain ArrayBuffer": dropped(() => new ArrayBuffer(PAGE)),
  },
};

function dropped(make) {
  return async ({ fresh, settle, note }, { count }) => {
    const touch = fresh((buffer) => (new Uint8Array(buffer)[0] = 1));
    let refusals = 0;
    const start = performance.now();
    for (let made = 0; made < count;) {
      try {
        touch(make());
        made++;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        // Some hand-offs release in a turn of the event loop only.
        refusals++;
        await settle();
      }
    }
    // The last ones are collected too: what a memory costs is to make it and to release it.
    await settle();
    const nanoseconds = (performance.now() - start) * 1e6;
    if (refusals > 0) note(`${refusals} of ${count} needed a turn of the event loop`);
    return nanoseconds / count;
  };
}
