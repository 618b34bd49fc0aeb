"use strict";

const { Memory } = require("../..");
const { PAGE, GIB, resizable, mapPeers } = require("../support/peers");

const buffers = {
  "linear-memory": () => new Memory({ initial: 1 }).buffer,
  "WebAssembly.Memory": () => new WebAssembly.Memory({ initial: 1 }).buffer,
  "resizable ArrayBuffer": resizable && (() => resizable(PAGE, 4 * GIB)),
  "plain ArrayBuffer": () => new ArrayBuffer(PAGE),
};

module.exports = {
  title: "Make a memory, write a byte, drop it",
  explanation: "Per memory of one page, in a loop without turns, and collecting all of them.",
  unit: "ns",
  against: "WebAssembly.Memory",
  required: 1.5,
  parameters: { rounds: 7, count: 20_000 },
  quick: { rounds: 2, count: 5_000, warmups: 0 },
  peers: mapPeers(buffers, (make) => async ({ elapsed, settle, note }, { count }) => {
    let refusals = 0;
    const makeAll = async () => {
      for (let made = 0; made < count;) {
        try {
          new Uint8Array(make())[0] = 1;
          made++;
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          // The hand-off of Node-API releases memories only in a turn of the event loop.
          refusals++;
          await settle();
        }
      }
      // Includes the release of the last memories.
      await settle();
    };
    const nanoseconds = await elapsed(makeAll);
    if (refusals > 0) note(`a turn was needed ${refusals} times for ${count}`);
    return nanoseconds / count;
  }),
};
