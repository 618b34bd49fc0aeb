"use strict";

// Snapshot files that are not regular files, or not snapshots.

const { run } = require("../support/run-fixture");

test("pipes, devices and crafted files are errors at once, and stay as they are", async () => {
  const { opened, saved, kept, drafts } = await run("special-files.js");
  const damaged = "TypeError: truncated, or changed since it was written";
  expect(opened).toEqual({
    pipe: "TypeError: ENODEV",
    folder: "TypeError: EISDIR",
    // Nobody can open one.
    socket: "Error: ENXIO",
    "/dev/zero": "TypeError: ENODEV",
    "/dev/null": "TypeError: ENODEV",
    "/dev/ptmx": "TypeError: ENODEV",
    // Their length is said to be 0.
    "/proc/self/maps": "TypeError: the file is no snapshot",
    "/proc/self/mem": "TypeError: the file is no snapshot",
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
