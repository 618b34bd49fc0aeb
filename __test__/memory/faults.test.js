"use strict";

// What a memory does when the system refuses: the addon of `npm run build:fault` has any call fail.

const fs = require("node:fs");
const path = require("node:path");

const { features } = require("../..");
const native = require("../../native");
const { useFiles } = require("../support/files");
const {
  addon,
  FAULT_TIMEOUT,
  DONE,
  REFUSED,
  runWithFailures,
  expectOutcomes,
} = require("../support/fault-scenarios");

const root = path.join(__dirname, "..", "..");
jest.setTimeout(FAULT_TIMEOUT + 20_000);

// What comes of each call's failure, if no other fails. Where all fail that can, it is a RangeError.
const scenarios = [
  // A smaller reservation does as well.
  ["construct", { mmap: DONE, mprotect: DONE }],
  ["grow in place", { mprotect: REFUSED }],
  ["grow from nothing", { mprotect: REFUSED }],
  // Pages that cannot be moved are copied.
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

/** Runs a scenario with every failure; throws where one does more than a refusal may. */
async function expectRecovery(scenario, expected, options) {
  const { handoff, harmed, errors } = await expectOutcomes(
    "faults.js",
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
  test.each(scenarios)("%s, whatever the system refuses", async (scenario, expected) => {
    const handoff = await expectRecovery(scenario, expected, { env });
    expect(handoff).toBe(env.LINEAR_MEMORY_HANDOFF ?? features.handoff);
  });
});

describe("memories that are files", () => {
  const { newFile, removeFiles } = useFiles();
  afterAll(removeFiles);

  test.each([
    "open to read",
    "open to write",
    "open shared",
    "open longer",
    "grow in place",
    "grow shared",
    "follow",
    "take in",
    "move",
    "flush",
    "keep in step",
    "close",
    "discard",
    "map",
  ])("%s, whatever the system refuses", async (scenario) => {
    const { runs, left } = await runWithFailures("file-faults.js", [scenario, newFile()]);
    expect(left).toBe(0);
    expect(runs.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
    expect(runs[0]).not.toHaveProperty("error");
    const refused = runs.filter(({ error }) => error !== undefined);
    expect(refused.length).toBeGreaterThan(0);
    for (const { error } of refused) {
      expect(error).toMatchObject({ name: "RangeError", code: "ENOMEM" });
      expect(error.message).toMatch(/^Memory(\.\w+\(\))?: .*os error 12/);
    }
    // What is refused leaves the memory and the file as they were. Only if taking back is refused too, the
    // file stays longer, and the error says so.
    for (const { calls, reached, error, isGrown, isSameLength } of refused) {
      const last = reached[calls.at(-1) - 1];
      if (scenario === "grow shared" && isGrown) {
        // An engine memory grows by itself, before the file's pages can be put under it.
        expect(error.message).toContain(
          "has grown by 2 pages, but new pages are not the file's yet",
        );
      } else {
        expect(isGrown).toBe(false);
        // The last call of a flush, after pages that a module has added were taken in.
        if (!isSameLength && last !== "fdatasync") {
          expect(error.message).toMatch(/could not be made \d+ bytes long again: it stays longer$/);
          if (scenario !== "take in") expect(calls.length).toBeGreaterThan(1);
        }
      }
    }
  });
});

test("construct, where the address space is limited and not even that can be known", async () => {
  const expected = { read: DONE, mmap: DONE, mprotect: DONE };
  await expectRecovery("construct", expected, { ulimit: "-v 6000000" });
});

test("what is shipped has no means to make a call fail", () => {
  const binaries = fs.readdirSync(root).filter((file) => file.endsWith(".node"));
  expect(binaries.length).toBeGreaterThan(0);
  const names = (file) =>
    ["failAt", "callsReached"].filter((name) => fs.readFileSync(file).includes(name));
  expect(names(addon)).toEqual(["failAt", "callsReached"]);
  for (const binary of binaries) expect(names(path.join(root, binary))).toEqual([]);
  expect(native).not.toHaveProperty("failAt");
});
