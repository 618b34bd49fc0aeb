"use strict";

// A process without /proc, as in some containers and sandboxes.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const { features } = require("../..");

const PAGE = 65_536;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));

afterAll(() => fs.rmSync(folder, { recursive: true }));

/** Runs a command in its own mount namespace with an empty /proc, and returns its output. */
function runWithoutProc(...command) {
  const script = 'mount -t tmpfs tmpfs /proc && exec "$0" "$@"';
  const args = ["--map-root-user", "--mount", "/bin/sh", "-c", script, ...command];
  return execFileSync("unshare", args, { stdio: "pipe", timeout: 50_000 }).toString();
}

function canDoWithout() {
  try {
    return runWithoutProc("echo", "done") === "done\n";
  } catch {
    return false;
  }
}

const testWithout = process.platform === "linux" && canDoWithout() ? test : test.skip;

test("`features.pageStates` is true with /proc", () => {
  expect(features.pageStates).toBe(true);
});

testWithout(
  "`features.pageStates` is false without /proc, and members that do not need it work (if `unshare` does)",
  () => {
    const file = path.join(folder, "file");
    fs.writeFileSync(file, Buffer.alloc(PAGE + 5, 7));
    const program = path.join(__dirname, "..", "fixtures", "use-without-proc.js");
    const { outcomes, ...rest } = JSON.parse(runWithoutProc(process.execPath, program, file));
    expect(rest).toEqual({ procIsThere: false, pageStates: false });
    const { "usage in the engine": usage, ...others } = outcomes;
    expect(others).toEqual({
      discard: { result: [PAGE, 0, 0, 3, 3] },
      "discard in the engine": { result: [PAGE, 0, 0, 3, 3] },
      usage: { result: [4 * PAGE, 3 * PAGE] },
      snapshot: { result: [0, 3, 3, 3] },
      "snapshot over a snapshot": { result: [9, 3, 3, 3] },
      "toResizableBuffer over a snapshot": { result: [0, 3, 3, 3] },
      "open r+": { result: [7, 7, 5] },
    });
    expect(usage.error.name).toBe("RangeError");
    expect(usage.error.message).toMatch(
      /^Memory\.usage\(\): the system does not report this process's pages: /,
    );
  },
);
