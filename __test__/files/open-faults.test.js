"use strict";

// What Memory.open() leaves of a file when it fails: the addon of `npm run build:fault` has any call fail.

const fs = require("node:fs");

const { useFiles } = require("../support/files");
const { FAULT_TIMEOUT, runWithFailures } = require("../support/fault-scenarios");

jest.setTimeout(FAULT_TIMEOUT + 20_000);

const { directory, newFile, removeFiles } = useFiles();
afterAll(removeFiles);

// Whichever call fails by which the file, or the descriptor that it was given by, is looked at.
const kinds = [
  ["r+", "absent", "path"],
  ["r+", "short", "path"],
  ["r+", "short", "descriptor"],
  ["r+", "long", "descriptor"],
  ["w+", "absent", "path"],
  ["w+", "short", "path"],
  ["w+", "long", "path"],
  ["w+", "long", "descriptor"],
].flatMap(([mode, before, by]) => [
  [mode, before, by, "unshared"],
  [mode, before, by, "shared"],
]);

test.each(kinds)(
  'mode "%s", a file that is %s, by %s, %s: a failed open leaves it as it was',
  async (mode, before, by, shared) => {
    const args = [mode, before, shared, by, newFile()];
    const { runs } = await runWithFailures("open-faults.js", args);
    expect(runs.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
    expect(runs[0]).not.toHaveProperty("error");
    const refused = runs.filter(({ error }) => error !== undefined);
    expect(refused.length).toBeGreaterThan(0);
    for (const { error } of refused) {
      expect(error).toMatchObject({ name: "RangeError", code: "ENOMEM" });
      expect(error.message).toMatch(/^Memory(\.open\(\))?: .*os error 12/);
    }
    // Bytes are lost by the last call alone, when all else has been done.
    for (const { calls, reached, error } of refused) {
      if (!error.message.includes("could not be emptied")) continue;
      expect(mode).toBe("w+");
      expect(calls.at(-1)).toBe(reached.length);
    }
    expect(fs.readdirSync(directory)).toEqual([]);
  },
);
