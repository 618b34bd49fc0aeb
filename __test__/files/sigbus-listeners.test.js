"use strict";

// SIGBUS listeners: Node.js installs and removes its own handler for them, beside that of this package.

const { useFiles } = require("../support/files");
const { run } = require("../support/run-fixture");

const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);

const listen = (scenario) => run("listen-for-sigbus.js", { args: [scenario, newFile()] });

test.each([
  "before",
  "after",
  "removed",
  "allRemoved",
  "allEventsRemoved",
  "removedBefore",
  "once",
  "again",
])("lost pages read as zero, and listeners get signals: %s", async (scenario) => {
  const { sent, read, error } = await listen(scenario);
  expect([sent, read]).toEqual([1, 0]);
  expect(error).toContain("the mapped file was truncated or the disk failed");
});

test("lost pages read as zero after a thread without files has removed a listener", async () => {
  expect(await listen("removedElsewhere")).toMatchObject({ read: 0 });
});

test("a signal ends the process after the last listener was removed", async () => {
  await expect(listen("sentAtLast")).rejects.toMatchObject({ signal: "SIGBUS" });
});
