"use strict";

// Memory.open() while system calls fail: the addon of `npm run build:fault` can fail any call.

const fs = require("node:fs");

const { useFiles } = require("../support/files");
const { FAULT_TIMEOUT, runWithFailures } = require("../support/fault-scenarios");

jest.setTimeout(FAULT_TIMEOUT + 20_000);

const { directory, newFile, removeFiles } = useFiles();
afterAll(removeFiles);

// Calls on paths fail, and calls on descriptors.
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
  'open() that fails leaves the file as it was: mode "%s", %s file, by %s, %s',
  async (mode, before, by, shared) => {
    const args = [mode, before, shared, by, newFile()];
    const { runs } = await runWithFailures("fail-calls-of-open.js", args);
    expect(runs.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
    expect(runs[0]).not.toHaveProperty("error");
    const refused = runs.filter(({ error }) => error !== undefined);
    expect(refused.length).toBeGreaterThan(0);
    for (const { error } of refused) {
      expect(error).toMatchObject({ name: "RangeError", code: "ENOMEM" });
      expect(error.message).toMatch(/^Memory(\.open\(\))?: .*os error 12/);
    }
    // Only the last call can lose bytes, once all others have succeeded.
    for (const { calls, reached, error } of refused) {
      if (!error.message.includes("could not be emptied")) continue;
      expect(mode).toBe("w+");
      expect(calls.at(-1)).toBe(reached.length);
    }
    expect(fs.readdirSync(directory)).toEqual([]);
  },
);
