"use strict";

// SIGBUS listeners: Node.js installs and removes its own handler for them, beside that of this package.

const { useFiles } = require("../support/files");
const { run } = require("../support/run-fixture");

const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);

const listen = (scenario) => run("listen-for-sigbus.js", { args: [scenario, newFile()] });

const error = expect.stringContaining("the mapped file was truncated or the disk failed");

test.each(["before", "after", "once", "again"])(
  "lost pages read as zero, and listeners get signals: %s",
  async (scenario) => {
    expect(await listen(scenario)).toEqual({ received: 1, read: 0, error });
  },
);

test.each(["removed", "allRemoved", "allEventsRemoved", "removedBefore"])(
  "lost pages read as zero after the listeners were removed: %s",
  async (scenario) => {
    expect(await listen(scenario)).toEqual({ read: 0, error });
  },
);

test("lost pages read as zero after a thread without files has removed a listener", async () => {
  expect(await listen("removedElsewhere")).toEqual({ read: 0 });
});

test("a signal ends the process after the last listener was removed", async () => {
  await expect(listen("sentAtLast")).rejects.toMatchObject({ signal: "SIGBUS" });
});
