"use strict";

// What moves pages under a resizable buffer, and away from it, in a process of its own.

const { features } = require("../..");
const { run } = require("../support/run-fixture");

const testResizable = features.resizableBuffers.unshared ? test : test.skip;
const testOurs =
  features.resizableBuffers.unshared && !features.resizableBuffers.shared ? test : test.skip;

describe.each(["v8", "node-api"])("with the hand-off %s", (handoff) => {
  const env = { LINEAR_MEMORY_HANDOFF: handoff };

  testResizable("workers that do nothing else can be terminated", async () => {
    expect(await run("terminate-while-moving.js", { env })).toEqual({ ended: 20 });
  });

  testOurs(
    "close() needs no file descriptor (not where the engine's class makes the buffer)",
    async () => {
      expect(await run("close-resizable.js", { env, ulimit: "-n 200" })).toEqual({
        code: "EMFILE",
        failure: undefined,
        byteLength: 0,
        after: { name: "TypeError", message: "Memory.buffer: the memory is closed" },
      });
    },
  );
});
