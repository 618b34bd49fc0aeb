"use strict";

// linear-memory/register changes one realm and one thread.

const { once } = require("node:events");
const path = require("node:path");
const vm = require("node:vm");
const { Worker } = require("node:worker_threads");

const { Memory } = require("../..");
const { register } = require("../../lib/register/register");
const { runForText } = require("../support/run-fixture");

const PAGE = 65_536;

const file = path.join(__dirname, "..", "..", "register.js");

let undo;

beforeEach(() => {
  undo = register();
});

afterEach(() => undo());

describe("register()", () => {
  test("does not change other realms", () => {
    expect(vm.runInNewContext("WebAssembly.Memory")).not.toBe(Memory);
    const theirs = vm.runInNewContext("new WebAssembly.Memory({ initial: 1 })");
    expect(theirs instanceof WebAssembly.Memory).toBe(false);
    expect(Memory.from(theirs).grow(1)).toBe(1);
  });

  test.each([
    ["runs with its own --require", ["--require", file], true],
    ["does not run without --require", [], false],
  ])("%s in a worker with the option `execArgv`", async (_, execArgv, expected) => {
    const text = `
      const { parentPort, workerData } = require("node:worker_threads");
      const { memory, root } = workerData;
      const { Memory } = require(root);
      Memory.from(memory).grow(1);
      parentPort.postMessage({
        isRegistered: WebAssembly.Memory === Memory,
        isInstance: memory instanceof WebAssembly.Memory,
      });`;
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
    const workerData = { memory, root: path.dirname(file) };
    const worker = new Worker(text, { eval: true, execArgv, workerData });
    const [[message]] = await Promise.all([once(worker, "message"), once(worker, "exit")]);
    expect(message).toEqual({ isRegistered: expected, isInstance: true });
    expect(memory.buffer.byteLength).toBe(2 * PAGE);
  });

  test("runs in workers that inherit --require", async () => {
    expect(await runForText("inherit-register.js", { flags: ["--require", file] })).toBe("true\n");
    expect(await runForText("inherit-register.js")).toBe("false\n");
  });
});
