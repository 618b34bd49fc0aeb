"use strict";

const { Memory } = require("../..");
const { PAGE, resizable, growable, mapPeers } = require("./peers");

// Functions that add a page and return the new length.
const ofMemory = (Class) => (descriptor) => {
  const memory = new Class(descriptor);
  return () => {
    memory.grow(1);
    return memory.buffer.byteLength;
  };
};

const ofResizable = ({ initial, maximum }) => {
  const buffer = resizable(initial * PAGE, maximum * PAGE);
  return () => {
    buffer.resize(buffer.byteLength + PAGE);
    return buffer.byteLength;
  };
};

const ofGrowable = ({ initial, maximum }) => {
  const buffer = growable(initial * PAGE, maximum * PAGE);
  return () => {
    buffer.grow(buffer.byteLength + PAGE);
    return buffer.byteLength;
  };
};

/**
 * Makes a question about growing page by page, with a maximum, since a resizable buffer needs one.
 *
 * @param question.shared whether the memory is shared
 * @param question.turnEvery after how many pages there is a turn of the event loop; by default never
 */
function growQuestion({ shared = false, turnEvery, ...question }) {
  const peers = {
    "linear-memory": ofMemory(Memory),
    "WebAssembly.Memory": ofMemory(WebAssembly.Memory),
    ...(shared
      ? { "growable SharedArrayBuffer": growable && ofGrowable }
      : { "resizable ArrayBuffer": resizable && ofResizable }),
  };
  return {
    unit: "ns",
    against: "WebAssembly.Memory",
    // Fewer growths would mostly measure code that is not compiled yet.
    parameters: { rounds: 9, pages: 2_000, warmups: 4 },
    quick: { rounds: 2, warmups: 1 },
    peers: mapPeers(peers, (make) => async ({ elapsed, turn }, { pages }) => {
      const addPage = make({ initial: 1, maximum: pages, shared });
      const growAll = async () => {
        let bytes = 0;
        for (let size = 2; size <= pages; size++) {
          bytes += addPage();
          if (size % turnEvery === 0) await turn();
        }
        return bytes;
      };
      return (await elapsed(growAll)) / (pages - 1);
    }),
    ...question,
  };
}

module.exports = { growQuestion };
