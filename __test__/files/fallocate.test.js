"use strict";

// Growth of files if fallocate(2) does not work: zeros are written instead.

const { useFiles } = require("../support/files");
const { addon, FAULT_TIMEOUT } = require("../support/fault-scenarios");
const { run } = require("../support/run-fixture");

const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);
jest.setTimeout(FAULT_TIMEOUT);

const PAGE = 65_536;

const grow = (name, failsToWrite, ulimit) =>
  run("grow-without-fallocate.js", {
    args: [newFile(), name, failsToWrite],
    ulimit,
    env: { LINEAR_MEMORY_ADDON: addon },
  });

test.each(["ENOSYS", "EOPNOTSUPP", "EINVAL"])(
  "grow() writes zeros if fallocate() fails with %s",
  async (name) => {
    const { refused, grown, isFile } = await grow(name, false);
    expect(refused.reached.slice(0, 10)).toContain("fallocate");
    expect(refused).toMatchObject({ pages: 34, size: 34 * PAGE, hasRoom: true });
    expect(refused).not.toHaveProperty("error");
    expect(grown).toMatchObject({ pages: 36, size: 36 * PAGE });
    expect(isFile).toBe(true);
  },
);

test("grow() calls fallocate() again if a signal interrupts it", async () => {
  const { refused, isFile } = await grow("EINTR", false);
  expect(refused).not.toHaveProperty("error");
  expect(refused.reached.filter((name) => name === "fallocate")).toHaveLength(2);
  expect(isFile).toBe(true);
});

test("grow() throws a RangeError and changes nothing on any other error", async () => {
  const { refused, grown, isFile } = await grow("EIO", false);
  expect(refused.error).toMatchObject({ name: "RangeError", code: "EIO" });
  expect(refused).toMatchObject({ pages: 2, size: 2 * PAGE });
  expect(grown.error).toMatchObject({ code: "EIO" });
  expect(isFile).toBe(true);
});

test("grow() truncates the file again if zeros cannot be written", async () => {
  const { refused, grown, isFile } = await grow("ENOSYS", true);
  expect(refused.error).toMatchObject({ name: "RangeError", code: "ENOSYS" });
  expect(refused).toMatchObject({ pages: 2, size: 2 * PAGE });
  expect(grown).toMatchObject({ pages: 4, size: 4 * PAGE });
  expect(isFile).toBe(true);
});

test("grow() truncates the file again if the room ends while zeros are written", async () => {
  // In kilobytes for each file: 16 pages.
  const { refused, grown, isFile } = await grow("ENOSYS", false, "-f 1024");
  expect(refused.error).toMatchObject({ name: "RangeError", code: "EFBIG" });
  expect(refused).toMatchObject({ pages: 2, size: 2 * PAGE });
  expect(grown).toMatchObject({ pages: 4, size: 4 * PAGE });
  expect(isFile).toBe(true);
});
