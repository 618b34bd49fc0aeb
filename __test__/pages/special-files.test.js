"use strict";

// Snapshot.save() and Snapshot.open() of special files.

const { run } = require("../support/run-fixture");

test("open() and save() reject pipes, devices and crafted files at once, and change none", async () => {
  const { opened, saved, kept, drafts } = await run("use-special-files.js");
  const damaged = "TypeError: ERR_LINEAR_MEMORY_SNAPSHOT_DAMAGED";
  expect(opened).toEqual({
    pipe: "TypeError: ENODEV",
    folder: "TypeError: EISDIR",
    // A socket cannot be opened.
    socket: "Error: ENXIO",
    "/dev/zero": "TypeError: ENODEV",
    "/dev/null": "TypeError: ENODEV",
    "/dev/ptmx": "TypeError: ENODEV",
    // The system reports a length of 0.
    "/proc/self/maps": "TypeError: ERR_LINEAR_MEMORY_NOT_A_SNAPSHOT",
    "/proc/self/mem": "TypeError: ERR_LINEAR_MEMORY_NOT_A_SNAPSHOT",
    "/proc/self/fd": "TypeError: EISDIR",
    [`${2n ** 60n} runs`]: damaged,
    [`${2n ** 21n} runs`]: damaged,
    "3 runs": damaged,
  });
  const expected = { pipe: "ENODEV", folder: "EISDIR", socket: "ENODEV" };
  for (const [name, code] of Object.entries(expected)) {
    expect(saved[name]).toBe(`RangeError: ${code}`);
    expect(kept[name]).toBe(true);
  }
  expect(drafts).toEqual([]);
});
