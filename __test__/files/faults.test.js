"use strict";

// Memories of files, when system calls fail. The addon of `npm run build:fault` can make any call fail.

const { useFiles } = require("../support/files");
const { FAULT_TIMEOUT, runWithFailures } = require("../support/fault-scenarios");

jest.setTimeout(FAULT_TIMEOUT + 20_000);

describe("memories of files:", () => {
  const { newFile, removeFiles } = useFiles();
  afterAll(removeFiles);

  test.each([
    "open to read",
    "open to write",
    "open shared",
    "open longer",
    "grow in place",
    "grow shared",
    "grow with the file",
    "flush pages of a module",
    "move",
    "flush",
    "update the end of the file",
    "close",
    "discard",
    "map",
  ])(
    "%s leaves the file and the memory unchanged, whichever system calls fail",
    async (scenario) => {
      const { runs, left } = await runWithFailures("fail-calls-on-files.js", [scenario, newFile()]);
      expect(left).toBe(0);
      expect(runs.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
      expect(runs[0]).not.toHaveProperty("error");
      const refused = runs.filter(({ error }) => error !== undefined);
      expect(refused.length).toBeGreaterThan(0);
      for (const { error } of refused) {
        expect(error).toMatchObject({ name: "RangeError", code: "ENOMEM" });
        expect(error.message).toMatch(/^Memory(\.\w+\(\))?: .*os error 12/);
      }
      // An operation that fails leaves the memory and the file unchanged. Only if undoing it fails too, the
      // file stays longer, and the error reports that.
      for (const { calls, reached, error, isGrown, isSameLength } of refused) {
        const last = reached[calls.at(-1) - 1];
        if (scenario === "grow shared" && isGrown) {
          // An engine memory grows itself before the file can be mapped to its new pages.
          expect(error.message).toContain(
            "has grown by 2 pages, but new pages are not the file's yet",
          );
        } else {
          expect(isGrown).toBe(false);
          // The last call of a flush, after the file was extended by pages that a module has added.
          if (!isSameLength && last !== "fdatasync") {
            expect(error.message).toMatch(
              /could not be made \d+ bytes long again: it stays longer$/,
            );
            if (scenario !== "flush pages of a module") expect(calls.length).toBeGreaterThan(1);
          }
        }
      }
    },
  );
});
