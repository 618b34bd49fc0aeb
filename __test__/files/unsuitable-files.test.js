"use strict";

// Every member that takes a file throws at once, and changes nothing, if the file is not regular or not open
// for the mode.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");

const { useFiles } = require("../support/files");
const { run } = require("../support/run-fixture");

const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);

const invalidDescriptor = "RangeError ERR_LINEAR_MEMORY_OUT_OF_RANGE";

// The outcomes that members have in common. Differing outcomes are listed with each member below.
const common = {
  "a descriptor that appends": "done",
  "a descriptor that only appends": "RangeError EACCES",
  "a descriptor for reading": "done",
  "a descriptor for writing": "RangeError EACCES",
  "a descriptor of a directory": "TypeError EISDIR",
  "a descriptor of a pipe": "TypeError ENODEV",
  "a descriptor of a socket": "TypeError ENODEV",
  "a descriptor of a deleted file": "done",
  "a descriptor of a file in /proc": "RangeError ENODEV",
  "a descriptor of /dev/zero": "TypeError ENODEV",
  "a descriptor of /dev/null": "TypeError ENODEV",
  "a closed descriptor": "Error EBADF",
  "a huge number": "Error EBADF",
  "a number beyond 2^31 - 1": invalidDescriptor,
  "a negative number": invalidDescriptor,
  "a fraction": invalidDescriptor,
  NaN: invalidDescriptor,
  "a directory": "TypeError EISDIR",
  "a pipe": "TypeError ENODEV",
  "a socket": "Error ENXIO",
  "a missing file": "Error ENOENT",
  "a path below a file": "Error ENOTDIR",
  "a file in /proc": "RangeError ENODEV",
  "/dev/zero": "TypeError ENODEV",
  "/dev/null": "TypeError ENODEV",
  "a loop of links": "Error ELOOP",
  "a link into a missing folder": "Error ENOENT",
  "an empty path": "Error ENOENT",
  "a path with a NUL byte": "TypeError ERR_INVALID_ARG_VALUE",
  "a name that is too long": "Error ENAMETOOLONG",
};

const forWriting = {
  "a descriptor for reading": "RangeError EACCES",
  "a directory": "Error EISDIR",
};

const members = {
  'Memory.open(), mode "r"': {},
  'Memory.open(), mode "r", longer': {},
  'Memory.open(), mode "r+"': forWriting,
  'Memory.open(), mode "r+", longer': { ...forWriting, "a missing file": "done" },
  'Memory.open(), mode "w+"': { ...forWriting, "a missing file": "done" },
  "memory.map()": {},
};

/** Returns the outcomes of a member for all files. */
async function outcomesOf(member) {
  const directory = newFile();
  fs.mkdirSync(directory);
  const pipe = newFile();
  execFileSync("mkfifo", [pipe]);
  const args = [member, directory, pipe];
  const { outcomes, changes, deleted } = await run("use-unsuitable-files.js", {
    args,
    timeout: 30_000,
  });
  expect(changes).toEqual([]);
  expect(deleted).toEqual([member.includes("w+") ? 0 : 7]);
  return outcomes;
}

test.each(Object.entries(members))(
  "%s throws at once and changes nothing",
  async (member, differing) => {
    expect(await outcomesOf(member)).toEqual({ ...common, ...differing });
  },
);

test("Snapshot.open() throws at once and changes nothing", async () => {
  const outcomes = await outcomesOf("Snapshot.open()");
  expect(Object.keys(outcomes)).toEqual(Object.keys(common));
  for (const outcome of Object.values(outcomes)) {
    expect(outcome).toMatch(/^(Type|Range)?Error ./);
  }
});

test("snapshot.save() throws at once and changes nothing, or replaces the file", async () => {
  const outcomes = await outcomesOf("snapshot.save()");
  for (const [name, outcome] of Object.entries(outcomes)) {
    // save() may replace whatever is at the path, except a folder.
    const isReplaced = ["a pipe", "a socket", "a missing file"].includes(name) || /link/.test(name);
    expect([name, outcome]).toEqual([
      name,
      expect.stringMatching(
        isReplaced ? /^(done|(Type|Range)?Error .*)$/ : /^(Type|Range)?Error ./,
      ),
    ]);
  }
});
