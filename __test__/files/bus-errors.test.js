"use strict";

// Listeners of SIGBUS, for which Node installs and removes handlers of its own, beside ours.

const { useFiles } = require("../support/files");
const { run } = require("../support/run-fixture");

const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);

const listen = (scenario) => run("listen-for-bus-errors.js", { args: [scenario, newFile()] });

test.each([
  "before",
  "after",
  "removed",
  "allRemoved",
  "nothingLeft",
  "removedBefore",
  "once",
  "again",
])("lost pages read zero, and signals arrive, with a listener %s", async (scenario) => {
  const { sent, read, error } = await listen(scenario);
  expect([sent, read]).toEqual([1, 0]);
  expect(error).toContain("the mapped file was truncated or the disk failed");
});

test("lost pages read zero after a thread without files has removed a listener", async () => {
  expect(await listen("removedElsewhere")).toMatchObject({ read: 0 });
});

test("a signal ends the process after the last listener was removed", async () => {
  await expect(listen("sentAtLast")).rejects.toMatchObject({ signal: "SIGBUS" });
});
