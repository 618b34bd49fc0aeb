"use strict";

const { Memory } = require("../..");
const { median } = require("./median");
const { PAGE, MIB } = require("./peers");

const BYTES = 64 * MIB;
const descriptor = { initial: BYTES / PAGE, maximum: BYTES / PAGE };

// The kernel's page: what one byte that is written to takes.
const STEP = 4096;
const PAGES = BYTES / STEP;

// One in a hundred.
const DIRTY = 164;
const DISTANCE = Math.floor(PAGES / DIRTY);

// The first time, a snapshot is mapped in place of the pages; and code is compiled.
const WARMUPS = 5;

/** All bytes of a buffer, after writing to each: a snapshot of them has no hole. */
function filled(buffer) {
  return new Uint8Array(buffer).fill(1);
}

/** Writes to 164 of the 16,384 pages, evenly spread, from page `first` on. */
function dirty(bytes, first = 0) {
  for (let i = 0; i < DIRTY; i++) bytes[(first + i * DISTANCE) * STEP] = 2;
}

const states = {
  "linear-memory": () => {
    const memory = new Memory(descriptor);
    const bytes = filled(memory.buffer);
    const snapshot = memory.snapshot();
    return { bytes, goBack: () => memory.restore(snapshot) };
  },
  "set() from a copy": () => {
    const bytes = filled(new WebAssembly.Memory(descriptor).buffer);
    const copy = bytes.slice();
    return { bytes, goBack: () => bytes.set(copy) };
  },
};

/**
 * A question about going back to a state of 64 MiB after 1 % of its pages were written to.
 *
 * @param question.firstPage which pages are written to, by how often it was done before; always the
 *   same ones without it
 * @param question.cycle whether writing to them counts
 */
function goBackQuestion({ firstPage = () => 0, cycle, ...question }) {
  const peers = Object.entries(states).map(([name, make]) => [
    name,
    async ({ elapsed }, { times }) => {
      const { bytes, goBack } = make();
      const figures = [];
      for (let i = 0; i < WARMUPS + times; i++) {
        const change = () => dirty(bytes, firstPage(i));
        if (!cycle) change();
        const figure = await elapsed(() => {
          if (cycle) change();
          goBack();
        });
        if (i >= WARMUPS) figures.push(figure);
      }
      return median(figures);
    },
  ]);
  return {
    unit: "ns",
    against: "set() from a copy",
    parameters: { rounds: 9, warmups: 0, times: 50 },
    quick: { rounds: 2, times: 10 },
    peers: Object.fromEntries(peers),
    ...question,
  };
}

module.exports = { BYTES, DISTANCE, descriptor, filled, dirty, goBackQuestion };
