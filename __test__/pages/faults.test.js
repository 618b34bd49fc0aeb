"use strict";

// Operations on pages while system calls fail: the addon of `npm run build:fault` can fail any call.

const { features } = require("../..");
const { FAULT_TIMEOUT, DONE, REFUSED, expectOutcomes } = require("../support/fault-scenarios");

jest.setTimeout(FAULT_TIMEOUT + 20_000);

// The outcome if one system call fails. An operation that finds no room collects garbage and runs again,
// so it is refused only if the call fails twice.
const CAPTURING = {
  memfd_create: DONE,
  ftruncate: DONE,
  open: DONE,
  pread: DONE,
  pwrite: DONE,
  fcntl: DONE,
};
const RESTORING_AGAIN = { open: DONE, ioctl: DONE, mmap: DONE };

const scenarios = [
  // There are two ways to count resident pages.
  ["discard", "Memory.discard()", { ioctl: DONE, madvise: DONE }],
  ["discard over a snapshot", "Memory.discard()", { ioctl: DONE, mmap: DONE }],
  ["snapshot over a snapshot", "Memory.snapshot()", CAPTURING],
  ["snapshot of a shared memory", "Memory.snapshot()", CAPTURING],
  // Bytes beyond the snapshot are zero, whichever call fails.
  ["restore", "Memory.restore()", { mmap: DONE }],
  // If the kernel does not report the page states, the whole snapshot is mapped again.
  ["restore again", "Memory.restore()", RESTORING_AGAIN],
  ["restore with a hole", "Memory.restore()", { mmap: DONE }],
  ["restore with a hole again", "Memory.restore()", RESTORING_AGAIN],
  ["restore over a longer snapshot", "Memory.restore()", { mmap: DONE }],
  ["restore in the engine", "Memory.restore()", RESTORING_AGAIN],
  ["from", "Memory", { mmap: DONE, mprotect: DONE }],
  ["from, shared", "Memory.from()", { mmap: DONE }],
  // Pages that cannot be moved are copied, but the range that they leave has to become anonymous.
  ["move", "Memory.toWebAssembly()", { read: DONE, mremap: DONE, mmap: REFUSED }],
  ["usage", "Memory.usage()", { ioctl: DONE }],
  ["usage in the engine", "Memory.usage()", { read: REFUSED, ioctl: DONE }],
  // Pages that cannot be decommitted are released with the range.
  ["close", "Memory.close()", { mmap: DONE }],
  // The folder is synced only if it can be opened.
  [
    "save",
    "Snapshot.save()",
    { lstat: REFUSED, open: REFUSED, pread: REFUSED, fsync: REFUSED, rename: REFUSED },
  ],
  [
    "open",
    "Snapshot.open()",
    {
      fcntl: REFUSED,
      fstat: REFUSED,
      pread: REFUSED,
      memfd_create: REFUSED,
      ftruncate: REFUSED,
      // If holes of the file cannot be found, they are read.
      lseek: DONE,
      pwrite: REFUSED,
    },
  ],
];

/** Runs a scenario with each failure, and expects the outcomes. Returns the hand-off in use. */
async function expectRecovery(scenario, member, expected, env) {
  const { handoff, errors } = await expectOutcomes("fail-calls-on-pages.js", scenario, expected, {
    env,
  });
  expect(errors.length > 0).toBe(scenario !== "close");
  for (const error of errors) {
    expect(error.startsWith(`RangeError: ${member}`)).toBe(true);
    expect(error).toMatch(/: Cannot allocate memory \(os error 12\)$/);
  }
  return handoff;
}

test.each(scenarios)(
  "%s succeeds or changes nothing, whichever system calls fail",
  async (scenario, member, expected) => {
    expect(await expectRecovery(scenario, member, expected)).toBe(features.handoff);
  },
);

const DEPENDING_ON_HANDOFF = ["from", "move", "close", "snapshot of a shared memory"];

test.each(scenarios.filter(([scenario]) => DEPENDING_ON_HANDOFF.includes(scenario)))(
  "%s succeeds or changes nothing with the Node-API hand-off, whichever system calls fail",
  async (scenario, member, expected) => {
    const env = { LINEAR_MEMORY_HANDOFF: "node-api" };
    expect(await expectRecovery(scenario, member, expected, env)).toBe("node-api");
  },
);
