"use strict";

// What operations on pages do when the system refuses: the addon of `npm run build:fault` has any
// call fail.

const { features } = require("../..");
const { FAULT_TIMEOUT, DONE, REFUSED, expectOutcomes } = require("../support/fault-scenarios");

jest.setTimeout(FAULT_TIMEOUT + 20_000);

// What comes of each call's failure, if no other fails. Where room was wanted, garbage is collected,
// and all is tried again: then only what fails twice is refused.
const FREEZING = {
  memfd_create: DONE,
  ftruncate: DONE,
  open: DONE,
  pread: DONE,
  pwrite: DONE,
  fcntl: DONE,
};
const PUTTING_BACK = { open: DONE, ioctl: DONE, mmap: DONE };

const scenarios = [
  // How much is resident can be known in two ways.
  ["discard", "Memory.discard()", { ioctl: DONE, madvise: DONE }],
  ["discard over a snapshot", "Memory.discard()", { ioctl: DONE, mmap: DONE }],
  ["snapshot over a snapshot", "Memory.snapshot()", FREEZING],
  ["snapshot of a shared memory", "Memory.snapshot()", FREEZING],
  // What is beyond the snapshot's bytes is zero whatever fails.
  ["restore", "Memory.restore()", { mmap: DONE }],
  // Where what the kernel has there is not known, all of it is put there anew.
  ["restore again", "Memory.restore()", PUTTING_BACK],
  ["restore with a hole", "Memory.restore()", { mmap: DONE }],
  ["restore with a hole again", "Memory.restore()", PUTTING_BACK],
  ["restore over a longer snapshot", "Memory.restore()", { mmap: DONE }],
  ["restore in the engine", "Memory.restore()", PUTTING_BACK],
  ["from", "Memory", { mmap: DONE, mprotect: DONE }],
  ["from, shared", "Memory.from()", { mmap: DONE }],
  // Pages that cannot be moved are copied; but what is left behind must be anonymous.
  ["move", "Memory.toWebAssembly()", { read: DONE, mremap: DONE, mmap: REFUSED }],
  ["usage", "Memory.usage()", { ioctl: DONE }],
  ["usage in the engine", "Memory.usage()", { read: REFUSED, ioctl: DONE }],
  // Pages that cannot be given back go when the range does.
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
      // The file is read where it may have holes.
      lseek: DONE,
      pwrite: REFUSED,
    },
  ],
];

/** Runs a scenario with every failure; throws where one does more than a refusal may. */
async function expectRecovery(scenario, member, expected, env) {
  const { handoff, errors } = await expectOutcomes("page-faults.js", scenario, expected, { env });
  expect(errors.length > 0).toBe(scenario !== "close");
  for (const error of errors) {
    expect(error.startsWith(`RangeError: ${member}`)).toBe(true);
    expect(error).toMatch(/: Cannot allocate memory \(os error 12\)$/);
  }
  return handoff;
}

test.each(scenarios)("%s, whatever the system refuses", async (scenario, member, expected) => {
  expect(await expectRecovery(scenario, member, expected)).toBe(features.handoff);
});

const DEPENDING = ["from", "move", "close", "snapshot of a shared memory"];

test.each(scenarios.filter(([scenario]) => DEPENDING.includes(scenario)))(
  "%s, with Node-API's hand-off",
  async (scenario, member, expected) => {
    const env = { LINEAR_MEMORY_HANDOFF: "node-api" };
    expect(await expectRecovery(scenario, member, expected, env)).toBe("node-api");
  },
);
