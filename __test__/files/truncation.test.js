"use strict";

// Files that are truncated while they are mapped: the system sends SIGBUS, which would end the process.

const fs = require("node:fs");

const { Memory } = require("../..");
const { useFiles } = require("../support/files");
const { run } = require("../support/run-fixture");

const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);

const PAGE = 65_536;

function lose(scenario, options = {}) {
  const file = newFile();
  return run("truncate-mapped-file.js", { args: [scenario, file], ...options }).then((result) => ({
    file,
    ...result,
  }));
}

/** The members that the fixture calls after a loss. */
const members = [
  "buffer",
  "grow",
  "type",
  "discard",
  "snapshot",
  "restore",
  "map",
  "usage",
  "toWebAssembly",
  "flushSync",
];

/** The kind of memory that some members need is checked before its pages. */
const REFUSED = {
  read: { flushSync: "is not backed by a writable file" },
  mapped: { flushSync: "is not backed by a writable file" },
  written: { restore: "writable file mapping", map: "writable file mapping" },
  shared: { restore: "writable file mapping", map: "writable file mapping" },
  moved: { restore: "writable file mapping", map: "writable file mapping" },
};

test.each(["read", "written", "shared", "mapped", "moved"])(
  "lost pages read as zero, and the next call throws: %s",
  async (scenario) => {
    const { file, read, stored, errors, closes, size } = await lose(scenario);
    expect([read, stored]).toEqual([[1, 0, 0, 0], 5]);
    expect(Object.keys(errors)).toEqual(members);
    for (const [member, message] of Object.entries(errors)) {
      const name = member === "buffer" ? "Memory.buffer" : `Memory.${member}()`;
      const refusal = REFUSED[scenario][member];
      const expected =
        refusal === undefined
          ? `RangeError: ${name}: ${file}: the mapped file was truncated or the disk failed`
          : `TypeError: ${name}: `;
      expect(message.slice(0, expected.length)).toBe(expected);
      expect(message).toContain(refusal ?? "lost pages read as zero");
    }
    expect(closes.close).toBe("nothing thrown");
    expect(closes.again).toMatch(/closed$/);
    expect(size).toBe(PAGE);
  },
);

test("grow() reports lost pages that nobody has touched, and does not replace them with zeros", () => {
  const file = newFile();
  fs.writeFileSync(file, Buffer.alloc(4 * PAGE, 1));
  const memory = Memory.open(file, { mode: "r+", maximum: 8 });
  fs.truncateSync(file, PAGE);
  for (const delta of [0, 1]) {
    expect(() => memory.grow(delta)).toThrow(`${file}: the file was truncated while it was mapped`);
  }
  expect(fs.statSync(file).size).toBe(PAGE);
  expect(memory.type().minimum).toBe(4);
});

test("lost pages read as zero even if they are more than a process can have mappings", async () => {
  const { sum, errors } = await lose("scattered");
  expect(sum).toBe(0);
  expect(errors.buffer).toMatch(/truncated/);
});

const noTrapHandler = "--disable-wasm-trap-handler";
const ways = [["by default", []]];
if (process.allowedNodeEnvironmentFlags.has(noTrapHandler))
  ways.push([noTrapHandler, [noTrapHandler]]);

test.each(ways)(
  "a module reads lost pages as zero, and traps beyond the end: %s",
  async (_, flags) => {
    const { before, lost, traps, errors } = await lose("wasm", { flags });
    expect([before, lost]).toEqual([1, [1, 0, 0]]);
    expect(traps.beyond).toBe("RuntimeError: memory access out of bounds");
    expect(traps.far).toBe("RuntimeError: memory access out of bounds");
    expect(errors.buffer).toMatch(/truncated/);
  },
);

test("later memories report no loss", async () => {
  const { errors } = await lose("later");
  expect(errors).toHaveLength(2);
  expect(errors[0]).toMatch(/truncated/);
  expect(errors[1]).toBe("nothing thrown");
});

test.each(["sent", "sentWithoutMemory"])(
  "SIGBUS that no lost page caused ends the process: %s",
  async (scenario) => {
    await expect(lose(scenario)).rejects.toMatchObject({ signal: "SIGBUS" });
  },
);

test("earlier SIGBUS listeners get signals, and lost pages read as zero", async () => {
  expect(await lose("listened")).toMatchObject({ signal: "SIGBUS", read: 0 });
});
