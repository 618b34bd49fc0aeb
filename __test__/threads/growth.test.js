"use strict";

// Growing a shared memory in several threads.

const { once } = require("node:events");

const { Memory } = require("../..");
const { makeShared, sharedKinds, toAddressType } = require("../support/shared-memories");
const { startWorker, resultOf } = require("../support/workers");
const { compile } = require("../support/wat");

const PAGE = 65_536;

/** Compiles a module that imports a shared memory with a maximum of 60 pages, and grows it. */
const compileGrower = (address) =>
  compile(`(module
    (memory (import "m" "m") ${address} 1 60 shared)
    (func (export "grow") (param ${address}) (result ${address}) (memory.grow (local.get 0)))
    (func (export "size") (result ${address}) (memory.size)))`);

describe.each(sharedKinds)("a shared memory of %s", (_, make) => {
  test("has grown in all threads when it grows in one; earlier buffers keep their length", async () => {
    const memory = make();
    const before = memory.buffer;
    const program = `
      const memory = Memory.from(data);
      port.postMessage(Number(memory.grow(toAddressType(memory, 2))));
      new Uint8Array(memory.buffer)[${PAGE}] = 11;`;
    expect(await resultOf(program, memory.share())).toBe(1);
    expect(memory.buffer.byteLength).toBe(3 * PAGE);
    expect(memory.buffer).toBe(memory.buffer);
    expect(memory.type().minimum).toBe(toAddressType(memory, 3));
    expect(new Uint8Array(memory.buffer)[PAGE]).toBe(11);
    expect(before.byteLength).toBe(PAGE);
    new Uint8Array(before)[9] = 99;
    expect(new Uint8Array(memory.buffer)[9]).toBe(99);
  });

  test("shows each of many growths to a thread that was notified of it", async () => {
    // Several memories, since some engines grow large ones slowly.
    const memories = Array.from({ length: 10 }, () => make(2001));
    // Optimized code of `take` can load the word and then the buffer without an interrupt check in between, by
    // which V8 learns of a growth: it then misses a few growths in 10,000.
    const program = `
      let missed = 0;
      const take = (memory, words, i) => {
        for (let seen; (seen = Atomics.load(words, 0)) !== i; ) if (seen === -1) return false;
        if (memory.buffer.byteLength !== (i + 1) * ${PAGE}) missed++;
        Atomics.store(words, 1, i);
        Atomics.notify(words, 1);
        return true;
      };
      for (const token of data) {
        const memory = Memory.from(token);
        const words = new Int32Array(memory.buffer);
        for (let i = 1; i <= 2000 && take(memory, words, i); i++);
      }
      port.postMessage({ missed });`;
    const worker = startWorker(
      program,
      memories.map((memory) => memory.share()),
    );
    const [message, ended] = [once(worker, "message"), once(worker, "exit")];
    // Ends early on a busy machine, where each round can cost a time slice of another program.
    const end = performance.now() + 5000;
    for (const memory of memories) {
      const words = new Int32Array(memory.buffer);
      const page = toAddressType(memory, 1);
      for (let i = 1; i <= 2000 && performance.now() < end; i++) {
        memory.grow(page);
        Atomics.store(words, 0, i);
        // Loops, since the notification of the previous round can wake it.
        while (Atomics.load(words, 1) !== i) Atomics.wait(words, 1, i - 1);
      }
      Atomics.store(words, 0, -1);
    }
    expect((await message)[0]).toEqual({ missed: 0 });
    await ended;
  });

  test("gives each page to exactly one of the threads that grow at once, up to the limit", async () => {
    const memory = make(3000);
    const limit = Math.min(Number(memory.type().maximum), 262_144);
    // The threads compete for the last 3,000 pages.
    memory.grow(toAddressType(memory, limit - 3000));
    const size = Number(memory.type().minimum);
    const threads = 4;
    const program = `
      const memory = Memory.from(data.token);
      const words = new Int32Array(memory.buffer);
      Atomics.add(words, 0, 1);
      Atomics.notify(words, 0);
      for (let here; (here = Atomics.load(words, 0)) < data.threads; ) Atomics.wait(words, 0, here);
      const got = [];
      const grow = (delta) => {
        try {
          const before = Number(memory.grow(toAddressType(memory, delta)));
          const bytes = new Uint8Array(memory.buffer);
          for (let i = before; i < before + delta; i++) {
            got.push(i);
            bytes[i * ${PAGE}] += data.mark;
            bytes[i * ${PAGE} + ${PAGE - 1}] += data.mark;
          }
          return true;
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          return false;
        }
      };
      for (let i = data.mark; grow(1 + (i % 3)); i++);
      while (grow(1)); // the last pages, when 2 or 3 no longer fit
      port.postMessage(got);`;
    const got = await Promise.all(
      Array.from({ length: threads }, (_, i) =>
        resultOf(program, { token: memory.share(), threads, mark: i + 1 }),
      ),
    );
    expect(got.flat().sort((a, b) => a - b)).toEqual(
      Array.from({ length: limit - size }, (_, i) => size + i),
    );
    expect(memory.buffer.byteLength).toBe(limit * PAGE);
    const bytes = new Uint8Array(memory.buffer);
    for (const [index, list] of got.entries()) {
      const marks = list.flatMap((page) => [bytes[page * PAGE], bytes[(page + 1) * PAGE - 1]]);
      expect(marks.filter((mark) => mark !== index + 1)).toEqual([]);
    }
  });
});

const importableKinds = sharedKinds.filter(([, , hasModules]) => hasModules);

describe.each(importableKinds)("a shared memory of %s, imported by modules,", (_, make) => {
  test("has grown in all threads when a module in one of them grows it", async () => {
    const memory = make(60);
    const grower = await compileGrower(memory.type().address);
    const grow = `
      const memory = Memory.from(data.token);
      const imports = { m: { m: memory.toWebAssembly() } };
      const { grow, size } = new WebAssembly.Instance(data.grower, imports).exports;
      grow(toAddressType(memory, 2));
      port.postMessage({ length: memory.buffer.byteLength, size: Number(size()) });`;
    const data = { token: memory.share(), grower };
    expect(await resultOf(grow, data)).toEqual({ length: 3 * PAGE, size: 3 });
    expect(memory.buffer.byteLength).toBe(3 * PAGE);
    const imports = { m: { m: memory.toWebAssembly() } };
    const { size } = new WebAssembly.Instance(grower, imports).exports;
    memory.grow(toAddressType(memory, 1));
    expect(size()).toBe(toAddressType(memory, 4));
    expect(await resultOf(grow, data)).toEqual({ length: 6 * PAGE, size: 6 });
  });

  test("gives each page to exactly one of the modules and programs that grow at once", async () => {
    const memory = make(60);
    const grower = await compileGrower(memory.type().address);
    const program = `
      const memory = Memory.from(data.token);
      const { exports } = new WebAssembly.Instance(data.grower, { m: { m: memory.toWebAssembly() } });
      const words = new Int32Array(memory.buffer);
      Atomics.add(words, 0, 1);
      Atomics.notify(words, 0);
      for (let here; (here = Atomics.load(words, 0)) < 4; ) Atomics.wait(words, 0, here);
      const page = toAddressType(memory, 1);
      const growers = [exports.grow, () => {
        try {
          return memory.grow(page);
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          return -1;
        }
      }];
      const grow = growers[data.index % 2];
      const got = [];
      for (let before; (before = Number(grow(page))) !== -1; ) got.push(before);
      port.postMessage(got);`;
    const got = await Promise.all(
      Array.from({ length: 4 }, (_, index) =>
        resultOf(program, { token: memory.share(), grower, index }),
      ),
    );
    const all = Array.from({ length: 59 }, (_, i) => i + 1);
    expect(got.flat().sort((a, b) => a - b)).toEqual(all);
    expect(memory.buffer.byteLength).toBe(60 * PAGE);
  });

  test("is updated atomically by modules in two threads", async () => {
    const address = make().type().address;
    const adder = await compile(`(module
      (memory (import "m" "m") ${address} 1 10 shared)
      (func (export "add") (param ${address} i32) (result i32)
        (i32.atomic.rmw.add (local.get 0) (local.get 1))))`);
    const memory = make(10);
    const program = `
      const memory = Memory.from(data.token);
      const { exports } = new WebAssembly.Instance(data.adder, { m: { m: memory.toWebAssembly() } });
      for (let i = 0; i < 1000; i++) exports.add(toAddressType(memory, 8), 1);
      port.postMessage("done");`;
    const data = { token: memory.share(), adder };
    await Promise.all([resultOf(program, data), resultOf(program, data)]);
    expect(new Int32Array(memory.buffer)[2]).toBe(2000);
  });
});

test("grow() beyond the maximum throws a RangeError in another thread, and changes nothing", async () => {
  const memory = makeShared(3);
  const program = `
    const memory = Memory.from(data);
    const { buffer } = memory;
    try {
      memory.grow(3);
    } catch ({ name, message }) {
      port.postMessage({ name, message, same: memory.buffer === buffer });
    }`;
  expect(await resultOf(program, memory.share())).toEqual({
    name: "RangeError",
    message: "Memory.grow(): 1 pages and 3 more exceed the limit of 3",
    same: true,
  });
  expect(Memory.from(memory.share()).buffer.byteLength).toBe(PAGE);
});
