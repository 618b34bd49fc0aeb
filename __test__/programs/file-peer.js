"use strict";

// Does with a shared memory of a file what its parent asks for, one message at a time.

const { Memory } = require("../..");

const PAGE = 65_536;

const [file, maximum] = process.argv.slice(2);
const memory = Memory.open(file, {
  mode: "r+",
  initial: 1,
  maximum: Number(maximum ?? 16),
  shared: true,
});
const words = () => new Int32Array(memory.buffer);

const actions = {
  load: (index) => Atomics.load(words(), index),
  store: (index, value) => Atomics.store(words(), index, value),
  add(index, times) {
    const view = words();
    for (let round = 0; round < times; round++) Atomics.add(view, index, 1);
  },
  grow: (delta) => memory.grow(delta),
  pages: () => memory.buffer.byteLength / PAGE,
  wait: (...args) => memory.wait(...args),
  notify: (...args) => memory.notify(...args),
  /** Grows by a page, as often as that, and writes its number to each page that it got. */
  growAndMark(times, mark) {
    const pages = [];
    for (let round = 0; round < times; round++) {
      const page = memory.grow(1);
      Atomics.store(words(), (page * PAGE) / 4, mark);
      pages.push(page);
    }
    return pages;
  },
};

process.on("message", async ({ id, action, args }) => {
  process.send({ id, started: true });
  const result = await actions[action](...args);
  process.send({ id, result });
});
process.on("disconnect", () => process.exit());
process.send({ ready: true });
