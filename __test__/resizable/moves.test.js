"use strict";

// Moving pages to a resizable buffer and back, in a process of its own.

const { features } = require("../..");
const { run } = require("../support/run-fixture");

const testResizable = features.resizableBuffers.unshared ? test : test.skip;
const testReserved =
  features.resizableBuffers.unshared && !features.resizableBuffers.shared ? test : test.skip;

describe.each(["v8", "node-api"])("with the hand-off %s", (handoff) => {
  const env = { LINEAR_MEMORY_HANDOFF: handoff };

  testResizable("worker.terminate() works while the worker moves pages in a loop", async () => {
    expect(await run("terminate-while-moving.js", { env })).toEqual({ ended: 20 });
  });

  testReserved(
    "close() works without a free file descriptor (unless the buffer is the engine's)",
    async () => {
      expect(await run("close-without-descriptors.js", { env, ulimit: "-n 200" })).toEqual({
        code: "EMFILE",
        failure: undefined,
        byteLength: 0,
        after: { name: "TypeError", message: "Memory.buffer: the memory is closed" },
      });
    },
  );
});
