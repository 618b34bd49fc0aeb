"use strict";

// Gives each member that takes a file something that is not a regular file, or is not open for the mode.
// The member throws at once, and changes nothing.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");

const { useFiles } = require("../support/files");
const { run } = require("../support/run-fixture");

const { newFile, removeFiles } = useFiles();
afterAll(removeFiles);

const noDescriptor = /^RangeError Memory\.\w+\(\): expected a descriptor of 0 to 2147483647, got /;

// Files that are good for some members: those whose outcome differs are below.
const common = {
  "a descriptor that appends": "done",
  "a descriptor that only appends": "RangeError EACCES",
  "a descriptor to read": "done",
  "a descriptor to write": "RangeError EACCES",
  "a descriptor of a directory": "TypeError EISDIR",
  "a descriptor of a pipe": "TypeError ENODEV",
  "a descriptor of a socket": "TypeError ENODEV",
  "a descriptor of a deleted file": "done",
  "a descriptor of a file in /proc": "RangeError ENODEV",
  "a descriptor of /dev/zero": "TypeError ENODEV",
  "a descriptor of /dev/null": "TypeError ENODEV",
  "a closed descriptor": "Error EBADF",
  "a huge number": "Error EBADF",
  "a number beyond": expect.stringMatching(noDescriptor),
  "a negative number": expect.stringMatching(noDescriptor),
  "a fraction": expect.stringMatching(noDescriptor),
  NaN: expect.stringMatching(noDescriptor),
  "a directory": "TypeError EISDIR",
  "a pipe": "TypeError ENODEV",
  "a socket": "Error ENXIO",
  "nothing there": "Error ENOENT",
  "a file as a folder": "Error ENOTDIR",
  "a file in /proc": "RangeError ENODEV",
  "/dev/zero": "TypeError ENODEV",
  "/dev/null": "TypeError ENODEV",
  "a loop of links": "Error ELOOP",
  "a link to no folder": "Error ENOENT",
  "no name": "Error ENOENT",
  "a name with a NUL": "TypeError ERR_INVALID_ARG_VALUE",
  "a name too long": "Error ENAMETOOLONG",
};

const written = { "a descriptor to read": "RangeError EACCES", "a directory": "Error EISDIR" };

const members = {
  'Memory.open(), mode "r"': {},
  'Memory.open(), mode "r", longer': {},
  'Memory.open(), mode "r+"': written,
  'Memory.open(), mode "r+", longer': { ...written, "nothing there": "done" },
  'Memory.open(), mode "w+"': { ...written, "nothing there": "done" },
  "memory.map()": {},
};

/** Returns what came of each file for a member. */
async function outcomesOf(member) {
  const directory = newFile();
  fs.mkdirSync(directory);
  const pipe = newFile();
  execFileSync("mkfifo", [pipe]);
  const args = [member, directory, pipe];
  const { outcomes, changes, deleted } = await run("bad-files.js", { args, timeout: 30_000 });
  expect(changes).toEqual([]);
  expect(deleted).toEqual([member.includes("w+") ? 0 : 7]);
  return outcomes;
}

test.each(Object.entries(members))("%s", async (member, differing) => {
  expect(await outcomesOf(member)).toEqual({ ...common, ...differing });
});

test("Snapshot.open()", async () => {
  const outcomes = await outcomesOf("Snapshot.open()");
  expect(Object.keys(outcomes)).toEqual(Object.keys(common));
  for (const outcome of Object.values(outcomes)) {
    expect(outcome).toMatch(/^(Type|Range)?Error ./);
  }
});

test("snapshot.save()", async () => {
  const outcomes = await outcomesOf("snapshot.save()");
  for (const [name, outcome] of Object.entries(outcomes)) {
    // A snapshot may take the place of what has a name, unless that is a folder.
    const isReplaced = ["a pipe", "a socket", "nothing there"].includes(name) || /link/.test(name);
    expect([name, outcome]).toEqual([
      name,
      expect.stringMatching(
        isReplaced ? /^(done|(Type|Range)?Error .*)$/ : /^(Type|Range)?Error ./,
      ),
    ]);
  }
});
