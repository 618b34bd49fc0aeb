"use strict";

const { Memory } = require("../..");
const { PAGE, hasResizable } = require("./engine");

const BYTES = 256 * 2 ** 20;
const PAGES = BYTES / PAGE;

// The kernel's page. Where it uses larger ones, most of these writes touch nothing new.
const STEP = 4096;

const engines = {
  "WebAssembly.Memory": () => new WebAssembly.Memory({ initial: PAGES, maximum: PAGES }).buffer,
  "plain ArrayBuffer": () => new ArrayBuffer(BYTES),
  "resizable ArrayBuffer": hasResizable
    ? () => new ArrayBuffer(BYTES, { maxByteLength: BYTES })
    : undefined,
};

/**
 * A question about new memory: how long it takes to make 256 MiB and to write to all its pages.
 * Making it is counted too, so that nobody gains by touching it there.
 *
 * @param options of our memory
 * @param check what to do after one of ours was touched
 */
function touchQuestion({ options, check = () => {}, ...question }) {
  const ours = () => new Memory({ initial: PAGES, maximum: PAGES }, options).buffer;
  const measured = (make, after) => (tools) => {
    const touch = tools.fresh(touchAll);
    const nanoseconds = tools.elapsed(() => touch(new Uint8Array(make()), STEP));
    after(tools);
    return nanoseconds;
  };
  const peers = Object.entries(engines).map(([name, make]) => [
    name,
    make && measured(make, () => {}),
  ]);
  return {
    unit: "ns",
    against: "WebAssembly.Memory",
    parameters: { rounds: 9 },
    quick: { rounds: 2, warmups: 0 },
    peers: { "linear-memory": measured(ours, check), ...Object.fromEntries(peers) },
    ...question,
  };
}

function touchAll(bytes, step) {
  for (let i = 0; i < bytes.length; i += step) bytes[i] = 1;
  return bytes;
}

module.exports = { touchQuestion, BYTES };
