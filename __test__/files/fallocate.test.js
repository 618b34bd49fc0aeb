"use strict";

// Room on the disk where fallocate(2) does not work: zeros are written instead.

const { useFiles } = require("../support/files");
const { addon, FAULT_TIMEOUT } = require("../support/fault-scenarios");
const { run } = require("../support/run-fixture");

const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);
jest.setTimeout(FAULT_TIMEOUT);

const PAGE = 65_536;

const grow = (name, failsToWrite, ulimit) =>
  run("fallocate.js", {
    args: [newFile(), name, failsToWrite],
    ulimit,
    env: { LINEAR_MEMORY_ADDON: addon },
  });

test.each(["ENOSYS", "EOPNOTSUPP", "EINVAL"])("%s: zeros are written", async (name) => {
  const { refused, grown, isFile } = await grow(name, false);
  expect(refused.reached.slice(0, 10)).toContain("fallocate");
  expect(refused).toMatchObject({ pages: 34, size: 34 * PAGE, hasRoom: true });
  expect(refused).not.toHaveProperty("error");
  expect(grown).toMatchObject({ pages: 36, size: 36 * PAGE });
  expect(isFile).toBe(true);
});

test("a signal in between: it is called again", async () => {
  const { refused, isFile } = await grow("EINTR", false);
  expect(refused).not.toHaveProperty("error");
  expect(refused.reached.filter((name) => name === "fallocate")).toHaveLength(2);
  expect(isFile).toBe(true);
});

test("any other error is a RangeError, and nothing has changed", async () => {
  const { refused, grown, isFile } = await grow("EIO", false);
  expect(refused.error).toMatchObject({ name: "RangeError", code: "EIO" });
  expect(refused).toMatchObject({ pages: 2, size: 2 * PAGE });
  expect(grown.error).toMatchObject({ code: "EIO" });
  expect(isFile).toBe(true);
});

test("zeros that cannot be written are cut off again", async () => {
  const { refused, grown, isFile } = await grow("ENOSYS", true);
  expect(refused.error).toMatchObject({ name: "RangeError", code: "ENOSYS" });
  expect(refused).toMatchObject({ pages: 2, size: 2 * PAGE });
  expect(grown).toMatchObject({ pages: 4, size: 4 * PAGE });
  expect(isFile).toBe(true);
});

test("so are those that were written before there was no more room", async () => {
  // Kilobytes that a file may have: 16 pages.
  const { refused, grown, isFile } = await grow("ENOSYS", false, "-f 1024");
  expect(refused.error).toMatchObject({ name: "RangeError", code: "EFBIG" });
  expect(refused).toMatchObject({ pages: 2, size: 2 * PAGE });
  expect(grown).toMatchObject({ pages: 4, size: 4 * PAGE });
  expect(isFile).toBe(true);
});
