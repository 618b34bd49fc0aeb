"use strict";

// A shared memory stays mapped while it is reachable from a thread or from a message, and no longer.

const { MessageChannel, receiveMessageOnPort } = require("node:worker_threads");

const { Memory } = require("../..");
const { ways } = require("../fixtures/hold-shared-memory");
const { collectGarbage } = require("../support/gc");
const { run } = require("../support/run-fixture");
const { sharedKinds } = require("../support/shared-memories");

describe.each(sharedKinds)("a shared memory of %s", (kind, make, hasModules) => {
  const possible = ways.filter((way) => hasModules || !way.includes("WebAssembly.Memory"));

  test.each(possible)("stays mapped while only %s holds it, and no longer", async (way) => {
    const { held, after } = await run("hold-shared-memory.js", { args: [kind, way] });
    expect(held).toBe("rw-p");
    expect(after).not.toBe("rw-p");
  });

  test("arrives with its bytes if only a message holds it", async () => {
    const { port1, port2 } = new MessageChannel();
    const post = () => {
      const memory = make();
      new Uint8Array(memory.buffer)[1] = 17;
      port1.postMessage(memory.share());
    };
    post();
    await collectGarbage();
    const memory = Memory.from(receiveMessageOnPort(port2).message);
    expect(new Uint8Array(memory.buffer)[1]).toBe(17);
    port1.close();
  });
});

test("worker.terminate() during any operation neither crashes nor leaks", async () => {
  const { additions, ...left } = await run("terminate-workers.js");
  expect(additions).toBeGreaterThan(20 * 50);
  // A memory reserves at least 4 GiB, so a single one that is left shows.
  expect(left.space).toBeLessThan(2 ** 30);
  expect(left.mappings).toBeLessThan(500);
});
