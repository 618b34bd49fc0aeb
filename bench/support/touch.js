"use strict";

const { Memory } = require("../..");
const { PAGE, MIB, resizable, mapPeers } = require("./peers");

const BYTES = 256 * MIB;
const descriptor = { initial: BYTES / PAGE, maximum: BYTES / PAGE };

// The system page. With larger pages, most of these writes touch no new page.
const STEP = 4096;

const engines = {
  "WebAssembly.Memory": () => new WebAssembly.Memory(descriptor).buffer,
  "plain ArrayBuffer": () => new ArrayBuffer(BYTES),
  "resizable ArrayBuffer": resizable && (() => resizable(BYTES)),
};

/**
 * Makes a question about new memory: how long it takes to create 256 MiB and to write to all its pages. Creation
 * counts, so that a peer does not gain by touching the pages then.
 *
 * @param question.options the options of linear-memory
 * @param question.check called after a memory of linear-memory was touched
 */
function touchQuestion({ options, check, ...question }) {
  const ours = () => new Memory(descriptor, options).buffer;
  const peers = { "linear-memory": ours, ...engines };
  return {
    unit: "ns",
    against: "WebAssembly.Memory",
    // The first use of physical pages can be slow, for example if a host has to provide them. Warm-ups use them
    // before.
    parameters: { rounds: 9, warmups: 3 },
    quick: { rounds: 1 },
    peers: mapPeers(peers, (make, name) => async (tools) => {
      const nanoseconds = await tools.elapsed(() => touch(new Uint8Array(make())));
      if (name === "linear-memory") check?.(tools);
      return nanoseconds;
    }),
    ...question,
  };
}

function touch(bytes) {
  for (let i = 0; i < bytes.length; i += STEP) bytes[i] = 1;
  return bytes;
}

module.exports = { touchQuestion, BYTES };
