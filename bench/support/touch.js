"use strict";

const { Memory } = require("../..");
const { PAGE, MIB, resizable, mapPeers } = require("./peers");

const BYTES = 256 * MIB;
const descriptor = { initial: BYTES / PAGE, maximum: BYTES / PAGE };

// The kernel's page. Where it uses larger ones, most of these writes touch nothing new.
const STEP = 4096;

const engines = {
  "WebAssembly.Memory": () => new WebAssembly.Memory(descriptor).buffer,
  "plain ArrayBuffer": () => new ArrayBuffer(BYTES),
  "resizable ArrayBuffer": resizable && (() => resizable(BYTES)),
};

/**
 * A question about new memory: how long it takes to make 256 MiB and to write to all its pages.
 * Making it is counted, so that nobody gains by touching it there.
 *
 * @param question.options of our memory
 * @param question.check what to do when one of ours has been touched
 */
function touchQuestion({ options, check, ...question }) {
  const ours = () => new Memory(descriptor, options).buffer;
  const peers = { "linear-memory": ours, ...engines };
  return {
    unit: "ns",
    against: "WebAssembly.Memory",
    // Physical pages that nobody has used for long may be slow, as where a host has to provide them.
    // So those that count are preceded by some that do not.
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
