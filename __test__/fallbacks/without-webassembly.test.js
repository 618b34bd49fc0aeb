"use strict";

// An engine without WebAssembly.

const { execFile } = require("node:child_process");
const path = require("node:path");
const { promisify } = require("node:util");

const execute = promisify(execFile);
const root = path.join(__dirname, "..", "..");

test("loading the package throws ERR_LINEAR_MEMORY_NO_WEBASSEMBLY", async () => {
  const program = `try { require(${JSON.stringify(root)}); } catch (error) { console.log(error.code); }`;
  const { stdout } = await execute(process.execPath, ["--jitless", "--eval", program]);
  expect(stdout).toBe("ERR_LINEAR_MEMORY_NO_WEBASSEMBLY\n");
});
