"use strict";

// Snapshots under `ulimit -f`: their images are files in memory, so the limit applies to them.

const { run } = require("../support/run-fixture");

test("`ulimit -f` makes operations throw instead of ending the process", async () => {
  // In kilobytes: 32 pages.
  const result = await run("exceed-file-size-limit.js", { ulimit: "-f 2048" });
  expect(result).toMatchObject({ restored: [7, 0], opened: 7, kept: true });
  expect(result.refused).toMatch(
    /^RangeError: Memory\.snapshot\(\): .*File too large.* \(EFBIG\)$/,
  );
  expect(result.unsaved).toMatch(/^RangeError: Snapshot\.save\(\): .*File too large.* \(EFBIG\)$/);
  expect(result.ungrown).toMatch(/^RangeError: Memory\.grow\(\): .*File too large.* \(EFBIG\)$/);
  expect(result.made).toMatch(/^RangeError: Memory\.open\(\): .*File too large.* \(EFBIG\)$/);
});
