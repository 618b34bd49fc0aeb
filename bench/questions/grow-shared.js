"use strict";

const { Memory } = require("../..");
const { PAGE, hasGrowable } = require("../support/engine");

const descriptor = ({ pages }) => ({ initial: 1, maximum: pages, shared: true });

module.exports = {
  title: "Grow a shared memory by a page",
  explanation: "Per grow(1), from 1 page to 2,000, reading buffer after each.",
  unit: "ns",
  against: "WebAssembly.Memory",
  parameters: { rounds: 7, pages: 2_000 },
  quick: { rounds: 2, warmups: 1 },
  peers: {
    "linear-memory": ({ elapsed }, { pages }) => {
      const memory = new Memory(descriptor({ pages }));
      const grow = () => {
        let bytes = 0;
        for (let i = 1; i < pages; i++) {
          memory.grow(1);
          bytes += memory.buffer.byteLength;
        }
        return bytes;
      };
      return elapsed(grow) / (pages - 1);
    },
    "WebAssembly.Memory": ({ elapsed }, { pages }) => {
      const memory = new WebAssembly.Memory(descriptor({ pages }));
      const grow = () => {
        let bytes = 0;
        for (let i = 1; i < pages; i++) {
          memory.grow(1);
          bytes += memory.buffer.byteLength;
        }
        return bytes;
      };
      return elapsed(grow) / (pages - 1);
    },
    "growable SharedArrayBuffer": hasGrowable
      ? ({ elapsed }, { pages }) => {
          const buffer = new SharedArrayBuffer(PAGE, { maxByteLength: pages * PAGE });
          const grow = () => {
            let bytes = 0;
            for (let i = 1; i < pages; i++) {
              buffer.grow((i + 1) * PAGE);
              bytes += buffer.byteLength;
            }
            return bytes;
          };
          return elapsed(grow) / (pages - 1);
        }
      : undefined,
  },
};
