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

/** The outcomes of members that take no descriptors: the descriptors are numbers. */
const withoutDescriptors = Object.fromEntries(
  Object.keys(common)
    .filter((name) => /descriptor|number|fraction|NaN/.test(name))
    .map((name) => [name, "TypeError ERR_LINEAR_MEMORY_INVALID_ARGUMENT"]),
);

const members = {
  'Memory.open(), mode "r"': {},
  'Memory.open(), mode "r", longer': {},
  'Memory.open(), mode "r+"': forWriting,
  'Memory.open(), mode "r+", longer': { ...forWriting, "a missing file": "done" },
  'Memory.open(), mode "w+"': { ...forWriting, "a missing file": "done" },
  "memory.map()": {},
  "Snapshot.open()": {
    ...withoutDescriptors,
    "a file in /proc": "TypeError ERR_LINEAR_MEMORY_NOT_A_SNAPSHOT",
  },
  "snapshot.save()": {
    ...withoutDescriptors,
    // save() writes a draft beside the file, which then replaces a file or a link, and nothing else.
    "a directory": "RangeError EISDIR",
    "a pipe": "RangeError ENODEV",
    "a socket": "RangeError ENODEV",
    "a missing file": "done",
    "a path below a file": "RangeError ENOTDIR",
    "a file in /proc": "RangeError ENOENT",
    "a loop of links": "done",
    "a link into a missing folder": "done",
    "an empty path": "RangeError ENOENT",
    "a name that is too long": "RangeError ENAMETOOLONG",
  },
};

/** Files that are not passed to a member, which would replace them. */
const notPassedTo = { "snapshot.save()": ["/dev/zero", "/dev/null"] };

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
    const expected = { ...common, ...differing };
    for (const name of notPassedTo[member] ?? []) delete expected[name];
    expect(await outcomesOf(member)).toEqual(expected);
  },
);
