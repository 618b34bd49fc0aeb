"use strict";

// Atomic waits and notifications across threads, modules and buffers of different lengths, in every combination.

const { once } = require("node:events");

const { nextTurn } = require("../support/gc");
const { run } = require("../support/run-fixture");
const { sharedKinds, toAddressType } = require("../support/shared-memories");
const { startWorker } = require("../support/workers");
const { compile } = require("../support/wat");

const PAGE = 65_536;

/** Compiles a module that waits and notifies at an address. */
const compileAtomics = (address) =>
  compile(`(module
    (memory (import "m" "m") ${address} 1 10 shared)
    (func (export "wait") (param ${address}) (result i32)
      (memory.atomic.wait32 (local.get 0) (i32.const 0) (i64.const -1)))
    (func (export "notify") (param ${address}) (result i32)
      (memory.atomic.notify (local.get 0) (i32.const 1))))`);

/** Programs that get a buffer of one of two lengths; afterwards the memory has two pages. */
const ages = {
  "an old, shorter buffer": `
    const words = new Int32Array(memory.buffer);
    memory.grow(toAddressType(memory, 1));`,
  "a new, longer buffer": `
    memory.grow(toAddressType(memory, 1));
    const words = new Int32Array(memory.buffer);`,
};

// Programs that wait without a timeout, and post the result.
const waits = {
  "Atomics.wait()": `port.postMessage(Atomics.wait(words, 4, 0));`,
  "Atomics.waitAsync()": `
    const { async, value } = Atomics.waitAsync(words, 4, 0);
    port.ref(); // a pending promise alone does not keep the thread running
    if (!async) throw new Error(value);
    value.then((result) => { port.postMessage(result); port.unref(); });`,
  "memory.atomic.wait32": `
    const { exports } = new WebAssembly.Instance(data.module, { m: { m: memory.toWebAssembly() } });
    const address = memory.type().address === "i64" ? 16n : 16;
    port.postMessage(["ok", "not-equal", "timed-out"][exports.wait(address)]);`,
};

/** Functions that notify at the word that is waited for, and return how many waits they woke. */
const wakes = {
  "Atomics.notify(), through an old, shorter buffer": ({ words }) => Atomics.notify(words, 4, 1),
  "Atomics.notify(), through a new, longer buffer": ({ memory }) =>
    Atomics.notify(new Int32Array(memory.buffer), 4, 1),
  "memory.atomic.notify": ({ memory, module }) => {
    const { exports } = new WebAssembly.Instance(module, { m: { m: memory.toWebAssembly() } });
    return exports.notify(memory.type().address === "i64" ? 16n : 16);
  },
};

const combinations = Object.keys(ages).flatMap((age) =>
  Object.keys(waits).flatMap((wait) => Object.keys(wakes).map((wake) => [wait, age, wake])),
);

describe.each(sharedKinds)("in a shared memory of %s,", (_, make, hasModules) => {
  const rows = combinations.filter(
    ([wait, , wake]) => hasModules || !`${wait} ${wake}`.includes("memory."),
  );

  let module;

  beforeAll(async () => {
    if (hasModules) module = await compileAtomics(make().type().address);
  });

  test.each(rows)("%s through %s is woken by %s", async (wait, age, wake) => {
    const memory = make();
    const words = new Int32Array(memory.buffer);
    const program = `const memory = Memory.from(data.token); ${ages[age]} ${waits[wait]}`;
    const worker = startWorker(program, { token: memory.share(), module });
    let ended = false;
    const exit = once(worker, "exit").then(() => (ended = true));
    const message = once(worker, "message");
    let woken = 0;
    while (woken === 0 && !ended) {
      woken = wakes[wake]({ memory, words, module });
      await nextTurn();
    }
    expect(woken).toBe(1);
    expect(await message).toEqual(["ok"]);
    await exit;
    expect(words.length).toBe(PAGE / 4);
    expect(memory.buffer.byteLength).toBe(2 * PAGE);
  });

  test("Atomics.waitAsync() is woken by a notification of its own thread", async () => {
    const memory = make();
    const { async, value } = Atomics.waitAsync(new Int32Array(memory.buffer), 4, 0);
    expect(async).toBe(true);
    memory.grow(toAddressType(memory, 1));
    expect(Atomics.notify(new Int32Array(memory.buffer), 4)).toBe(1);
    expect(await value).toBe("ok");
  });

  test("Atomics.notify() wakes no waits at other addresses or in other memories", async () => {
    const memory = make();
    const another = make();
    const { value } = Atomics.waitAsync(new Int32Array(memory.buffer), 4, 0);
    expect(Atomics.notify(new Int32Array(memory.buffer), 5)).toBe(0);
    expect(Atomics.notify(new Int32Array(another.buffer), 4)).toBe(0);
    expect(Atomics.notify(new Int32Array(memory.buffer), 4)).toBe(1);
    expect(await value).toBe("ok");
  });
});

test.each(sharedKinds)(
  "a shared memory of %s works with waits and notifications through buffers of many lengths",
  async (name) => {
    // Before V8 12, waits through buffers with separate backing stores would crash the process.
    const { woken, terminated } = await run("wait-and-notify.js", { args: [name] });
    expect(woken).toBeGreaterThanOrEqual(3 * 50);
    expect(terminated).toBe(10);
  },
);
