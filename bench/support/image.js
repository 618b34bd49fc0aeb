"use strict";

const { Memory } = require("../..");
const { median } = require("./median");
const { PAGE, MIB } = require("./peers");

const BYTES = 64 * MIB;
const descriptor = { initial: BYTES / PAGE, maximum: BYTES / PAGE };

// The system page, which a written byte makes dirty.
const STEP = 4096;
const PAGES = BYTES / STEP;

// Every hundredth page is written to.
const DIRTY = 164;
const DISTANCE = Math.floor(PAGES / DIRTY);

// The first restores map the snapshot and compile code.
const WARMUPS = 5;

/** Fills a buffer, so that a snapshot of it has no holes, and returns its bytes. */
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
 * Makes a question about restoring 64 MiB after 1 % of the pages were written to.
 *
 * @param question.firstPage takes the number of previous restores, and returns the first page that is written
 *   to; by default always the same one
 * @param question.cycle whether the time of writing counts
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
