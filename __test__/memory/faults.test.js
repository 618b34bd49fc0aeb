"use strict";

// Memories, when system calls fail. The addon of `npm run build:fault` can make any call fail.

const fs = require("node:fs");
const path = require("node:path");

const { features } = require("../..");
const native = require("../../native");
const {
  addon,
  FAULT_TIMEOUT,
  DONE,
  REFUSED,
  expectOutcomes,
} = require("../support/fault-scenarios");

const root = path.join(__dirname, "..", "..");
jest.setTimeout(FAULT_TIMEOUT + 20_000);

// What happens if a call fails and no other does. If all calls fail that can, a RangeError is thrown.
const scenarios = [
  // Falls back to a smaller reservation.
  ["construct", { mmap: DONE, mprotect: DONE }],
  ["grow in place", { mprotect: REFUSED }],
  ["grow from nothing", { mprotect: REFUSED }],
  // Falls back to copying the pages if they cannot be moved.
  ["grow elsewhere", { mmap: DONE, mprotect: DONE, open: DONE, ioctl: DONE, mremap: DONE }],
  ["move", { open: DONE, ioctl: DONE, mremap: DONE }],
];
if (features.resizableBuffers.unshared) {
  scenarios.push(["make resizable", { open: DONE, ioctl: DONE, mremap: DONE }]);
}
if (features.resizableBuffers.unshared && !features.resizableBuffers.shared) {
  scenarios.push(
    ["make fixed", { mprotect: REFUSED, open: DONE, ioctl: DONE, read: DONE, mremap: DONE }],
    ["move resizable", { open: DONE, ioctl: DONE, read: DONE, mremap: DONE }],
  );
}
if (features.externalSharedBuffers) scenarios.push(["grow shared", { mprotect: REFUSED }]);

const members = {
  construct: "Memory",
  move: "Memory.toWebAssembly()",
  "make resizable": "Memory.toResizableBuffer()",
  "make fixed": "Memory.toFixedLengthBuffer()",
  "move resizable": "Memory.toWebAssembly()",
};

/** Runs a scenario with every set of failing calls, and expects that it is refused without side effects. */
async function expectRecovery(scenario, expected, options) {
  const { handoff, harmed, errors } = await expectOutcomes(
    "fail-calls-on-memories.js",
    scenario,
    expected,
    options,
  );
  expect(errors.length).toBeGreaterThan(0);
  const member = members[scenario] ?? "Memory.grow()";
  for (const error of errors) {
    expect(error.startsWith(`RangeError: ${member}: the system refused `)).toBe(true);
    expect(error).toMatch(/ \d+ bytes: Cannot allocate memory/);
  }
  const worst = harmed.filter(({ calls, reached }) => calls.length === reached.length);
  expect(worst.every(({ error }) => error !== undefined)).toBe(true);
  return handoff;
}

describe.each([
  ["the preferred hand-off", {}],
  ["Node-API's hand-off", { LINEAR_MEMORY_HANDOFF: "node-api" }],
])("with %s", (_, env) => {
  test.each(scenarios)(
    "%s succeeds or changes nothing, whichever system calls fail",
    async (scenario, expected) => {
      const handoff = await expectRecovery(scenario, expected, { env });
      expect(handoff).toBe(env.LINEAR_MEMORY_HANDOFF ?? features.handoff);
    },
  );
});

test("`new Memory()` succeeds or throws a RangeError if the limit of address space cannot be read", async () => {
  const expected = { read: DONE, mmap: DONE, mprotect: DONE };
  await expectRecovery("construct", expected, { ulimit: "-v 6000000" });
});

test("the shipped addon cannot make calls fail", () => {
  const binaries = fs.readdirSync(root).filter((file) => file.endsWith(".node"));
  expect(binaries.length).toBeGreaterThan(0);
  const names = (file) =>
    ["failAt", "callsReached"].filter((name) => fs.readFileSync(file).includes(name));
  expect(names(addon)).toEqual(["failAt", "callsReached"]);
  for (const binary of binaries) expect(names(path.join(root, binary))).toEqual([]);
  expect(native).not.toHaveProperty("failAt");
});
