"use strict";

const { Memory } = require("../..");
const { PAGE, hasResizable } = require("../support/engine");

const descriptor = ({ pages }) => ({ initial: 1, maximum: pages });

module.exports = {
  title: "Grow by a page, reading buffer after each",
  explanation:
    "Per grow(1), from 1 page to 2,000, with that as maximum: a resizable buffer needs one.",
  unit: "ns",
  against: "WebAssembly.Memory",
  required: { 20: 100, 22: 50, 24: 20, 26: 1.3 },
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
    "resizable ArrayBuffer": hasResizable
      ? ({ elapsed }, { pages }) => {
          const buffer = new ArrayBuffer(PAGE, { maxByteLength: pages * PAGE });
          const grow = () => {
            let bytes = 0;
            for (let i = 1; i < pages; i++) {
              buffer.resize((i + 1) * PAGE);
              bytes += buffer.byteLength;
            }
            return bytes;
          };
          return elapsed(grow) / (pages - 1);
        }
      : undefined,
  },
};
