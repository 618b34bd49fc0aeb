"use strict";

// Memories of one file in several processes.

const { fork, execFile } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const path = require("node:path");
const { promisify } = require("node:util");
const { Worker } = require("node:worker_threads");

const { Memory } = require("../..");
const { useFiles } = require("../support/files");
const { areWaiting, notifyUntilWoken } = require("../support/waits");

const PAGE = 65_536;
const program = path.join(__dirname, "..", "fixtures", "file-peer.js");
const root = path.join(__dirname, "..", "..");
const waits = path.join(__dirname, "..", "support", "waits.js");

const { newFile, removeFiles } = useFiles();
const peers = [];
afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.end()));
});
afterAll(removeFiles);

/** Another process with a memory of the same file. */
class Peer {
  static async on(file, maximum = 16) {
    const child = fork(program, [file, maximum]);
    await once(child, "message");
    const peer = new Peer(child);
    peers.push(peer);
    return peer;
  }

  #child;
  #lastId = 0;

  constructor(child) {
    this.#child = child;
    child.setMaxListeners(100);
  }

  /** Starts an action in the process. Returns two promises: that it has started, and its result. */
  start(action, ...args) {
    const id = ++this.#lastId;
    let begun;
    const started = new Promise((resolve) => (begun = resolve));
    const result = new Promise((resolve) => {
      const listen = (message) => {
        if (message.id !== id) return;
        if (message.started) return void begun();
        this.#child.off("message", listen);
        resolve(message.result);
      };
      this.#child.on("message", listen);
    });
    this.#child.send({ id, action, args });
    return { started, result };
  }

  ask(action, ...args) {
    return this.start(action, ...args).result;
  }

  /** Resolves when `count` threads of the process wait in the kernel's queue for a word. */
  async isWaiting(count) {
    await areWaiting(this.#child.pid, count);
  }

  async end(signal = "SIGTERM") {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill(signal);
    await exit;
  }
}

function open(file) {
  return Memory.open(file, { mode: "r+", initial: 1, maximum: 16, shared: true });
}

const words = (memory) => new Int32Array(memory.buffer);

test("processes see each other's stores", async () => {
  const file = newFile();
  const memory = open(file);
  const peer = await Peer.on(file);
  Atomics.store(words(memory), 5, 42);
  expect(await peer.ask("load", 5)).toBe(42);
  await peer.ask("store", 6, 43);
  expect(Atomics.load(words(memory), 6)).toBe(43);
});

test("processes see each other's growth through grow(0)", async () => {
  const file = newFile();
  const memory = open(file);
  const peer = await Peer.on(file);
  expect(await peer.ask("grow", 3)).toBe(1);
  await peer.ask("store", (3 * PAGE) / 4, 7);
  expect(memory.buffer.byteLength).toBe(PAGE);
  expect(memory.grow(0)).toBe(4);
  expect(words(memory)[(3 * PAGE) / 4]).toBe(7);
  expect(memory.grow(1)).toBe(4);
  expect(await peer.ask("pages")).toBe(4);
  expect(await peer.ask("grow", 1)).toBe(5);
  expect(await peer.ask("pages")).toBe(6);
});

test("Atomics.add() by several processes loses no addition", async () => {
  const file = newFile();
  const memory = open(file);
  const others = [await Peer.on(file), await Peer.on(file)];
  const times = 200_000;
  const sums = others.map((peer) => peer.ask("add", 9, times));
  const view = words(memory);
  for (let round = 0; round < times; round++) Atomics.add(view, 9, 1);
  await Promise.all(sums);
  expect(view[9]).toBe(3 * times);
});

test("grow() by several processes at once loses no page", async () => {
  const file = newFile();
  const memory = Memory.open(file, { mode: "r+", initial: 1, maximum: 400, shared: true });
  const others = await Promise.all([1, 2, 3].map(() => Peer.on(file, 400)));
  const grown = await Promise.all(
    others.map((peer, mark) => peer.ask("growAndMark", 50, mark + 1)),
  );
  const pages = grown.flat().sort((a, b) => a - b);
  expect(pages).toEqual(Array.from({ length: 150 }, (_, index) => index + 1));
  expect(memory.grow(0)).toBe(151);
  expect(fs.statSync(file).size).toBe(151 * PAGE);
  grown.forEach((own, mark) => {
    for (const page of own) expect(words(memory)[(page * PAGE) / 4]).toBe(mark + 1);
  });
});

describe("wait() and notify()", () => {
  test("wait() ends when another process calls notify()", async () => {
    const file = newFile();
    const memory = open(file);
    const peer = await Peer.on(file);
    const waiting = peer.ask("wait", 4, 0);
    await peer.isWaiting(1);
    expect(memory.notify(5)).toBe(0);
    expect(memory.notify(4, 0)).toBe(0);
    Atomics.store(words(memory), 4, 1);
    expect(await notifyUntilWoken(memory, 4)).toBe(1);
    expect(await waiting).toBe("ok");
  });

  test("notify() of another process wakes at most as many waits as it asks for", async () => {
    const file = newFile();
    const memory = open(file);
    const peer = await Peer.on(file);
    const ends = [];
    const waits = [1, 2, 3].map(() => memory.wait(0, 0).then((end) => ends.push(end)));
    await areWaiting(process.pid, 3);
    let woken = await peer.ask("notifyUntilWoken", 0, 1);
    expect(woken).toBe(1);
    await Promise.race(waits);
    expect(ends).toEqual(["ok"]);
    while (woken < 3) woken += await peer.ask("notifyUntilWoken", 0);
    await Promise.all(waits);
    expect([woken, ends]).toEqual([3, ["ok", "ok", "ok"]]);
  });

  test("notify() and grow() work after a waiting process was killed", async () => {
    const file = newFile();
    const memory = open(file);
    const [killed, other] = [await Peer.on(file), await Peer.on(file)];
    killed.start("wait", 0, 0);
    await killed.isWaiting(1);
    const waiting = other.ask("wait", 0, 0);
    await other.isWaiting(1);
    await killed.end("SIGKILL");
    expect(await notifyUntilWoken(memory, 0)).toBe(1);
    expect(await waiting).toBe("ok");
    expect(await other.ask("grow", 1)).toBe(1);
    expect(memory.grow(1)).toBe(2);
  });

  test('wait() returns "not-equal" for another value, and "timed-out" after the timeout', async () => {
    const memory = open(newFile());
    expect(await memory.wait(0, 1)).toBe("not-equal");
    expect(await memory.wait(0, 0, 0)).toBe("timed-out");
    expect(await memory.wait(0, 0, -5)).toBe("timed-out");
    expect(await memory.wait(0, 0, 1)).toBe("timed-out");
    expect(await memory.wait(0, 0, 150)).toBe("timed-out");
    words(memory)[0] = -1;
    expect(await memory.wait(0, 0, Infinity)).toBe("not-equal");
    expect(await memory.wait(0, -1, 0)).toBe("timed-out");
  });

  test("wait() and notify() work without a file, within a process", async () => {
    const memory = new Memory({ initial: 1, maximum: 1, shared: true });
    const waiting = memory.wait(7, 0);
    expect(await notifyUntilWoken(memory, 7)).toBe(1);
    expect(await waiting).toBe("ok");
  });

  test("wait() and notify() reject bad input", async () => {
    const memory = open(newFile());
    const last = PAGE / 4 - 1;
    for (const index of [-1, 0.5, NaN, last + 1, 2 ** 53]) {
      await expect(memory.wait(index, 0, 0)).rejects.toThrow(RangeError);
      expect(() => memory.notify(index)).toThrow(`expected an integer from 0 to ${last}`);
    }
    for (const index of ["0", null, undefined, {}, 0n]) {
      await expect(memory.wait(index, 0, 0)).rejects.toThrow(TypeError);
      expect(() => memory.notify(index)).toThrow(TypeError);
    }
    expect(await memory.wait(last, 0, 0)).toBe("timed-out");
    const unshared = new Memory({ initial: 1 });
    await expect(unshared.wait(0, 0)).rejects.toThrow(TypeError);
    expect(() => unshared.notify(0)).toThrow("expected a shared memory");
    await expect(memory.wait(0, Symbol("0"))).rejects.toThrow(TypeError);
    await expect(memory.wait(0, 0, Symbol("0"))).rejects.toThrow(TypeError);
  });

  test("wait() does not keep a process from exiting", async () => {
    const script = `
      const memory = require(${JSON.stringify(root)}).Memory.open(process.argv[1],
        { mode: "r+", initial: 1, maximum: 1, shared: true });
      for (let round = 0; round < 20; round++) memory.wait(0, 0);
      require(${JSON.stringify(waits)}).areWaiting(process.pid, 20).then(() => {
        console.log("exit");
        process.exit(3);
      });`;
    const options = { timeout: 30_000 };
    const exit = promisify(execFile)(process.execPath, ["-e", script, newFile()], options);
    await expect(exit).rejects.toMatchObject({
      code: 3,
      signal: null,
      stdout: "exit\n",
      stderr: "",
    });
  });

  test("wait() does not keep a worker from being terminated, which ends no other waits", async () => {
    const memory = open(newFile());
    const waiting = memory.wait(0, 0);
    for (let round = 0; round < 5; round++) {
      const worker = new Worker(
        `const { workerData, parentPort } = require("node:worker_threads");
         const memory = require(workerData.root).Memory.from(workerData.token);
         for (let round = 0; round < 5; round++) memory.wait(1, 0);
         memory.wait(1, 0, 1).then(() => parentPort.postMessage("ready"));`,
        { eval: true, workerData: { root, token: memory.share() } },
      );
      await once(worker, "message");
      await worker.terminate();
    }
    // Waits of the workers that have not ended yet.
    memory.notify(1);
    expect(await notifyUntilWoken(memory, 0)).toBe(1);
    expect(await waiting).toBe("ok");
  });
});
