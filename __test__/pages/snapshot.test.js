"use strict";

// Memory.snapshot(): the bytes of a snapshot, the memory that it occupies, and when that is released.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");

const { Memory, Snapshot, features } = require("../..");
const { collectGarbage } = require("../support/gc");
const { imageDescriptors, imageTakenBy, mappingCount, residentWithin } = require("../support/proc");
const { run } = require("../support/run-fixture");
const { PAGE, stores, bytesOf, addressOf, fill, pageValues } = require("../support/stores");
const { thrownBy } = require("../support/thrown");
const { startWorker } = require("../support/workers");

describe.each(stores)("a memory that is %s", (_, make) => {
  test("is captured as it is: later writes do not change the snapshot", () => {
    const memory = make(4, 8);
    fill(memory, 7, 0, 1);
    fill(memory, 8, 2, 3);
    const snapshot = memory.snapshot();
    expect(snapshot.byteLength).toBe(4 * PAGE);
    fill(memory, 9);
    expect(pageValues(Memory.from(snapshot))).toEqual([7, 0, 8, 0]);
    memory.close();
    expect(pageValues(Memory.from(snapshot))).toEqual([7, 0, 8, 0]);
    expect(snapshot.byteLength).toBe(4 * PAGE);
  });

  test("can be captured again after restoring snapshots", () => {
    const memory = make(4, 8);
    const snapshots = [];
    for (const value of [1, 2, 3]) {
      fill(memory, value, value, value + 1);
      const snapshot = memory.snapshot();
      snapshots.push(snapshot);
      memory.restore(snapshot);
      memory.discard(0, PAGE);
    }
    const expected = [
      [0, 1, 0, 0],
      [0, 1, 2, 0],
      [0, 1, 2, 3],
    ];
    snapshots.forEach((snapshot, index) => {
      expect(pageValues(Memory.from(snapshot))).toEqual(expected[index]);
      memory.restore(snapshot);
      expect(pageValues(memory.snapshot() && memory)).toEqual(expected[index]);
      expect(pageValues(Memory.from(memory.snapshot()))).toEqual(expected[index]);
    });
  });

  test("can be captured with no pages", () => {
    const memory = make(0, 4);
    const snapshot = memory.snapshot();
    expect(snapshot.byteLength).toBe(0);
    memory.restore(snapshot);
    expect(Memory.from(snapshot).buffer.byteLength).toBe(0);
  });

  test("is captured without making its zeros resident", () => {
    const memory = make(64, 64);
    bytesOf(memory)[40 * PAGE] = 7;
    const resident = () => residentWithin(addressOf(memory), 64 * PAGE);
    const before = resident();
    const [snapshot, image] = imageTakenBy(() => memory.snapshot());
    expect(resident()).toBe(before);
    expect(fs.fstatSync(image).blocks * 512).toBe(4096);
    memory.restore(snapshot);
    expect(resident()).toBe(0);
    expect(memory.snapshot().byteLength).toBe(64 * PAGE);
    // Only the page of the image that is not zero was read.
    expect(resident()).toBeLessThanOrEqual(before);
    expect(fs.fstatSync(image).blocks * 512).toBe(4096);
  });
});

test("a snapshot of 4 GiB with one byte occupies one page", () => {
  const memory = new Memory({ initial: 65_536 });
  new DataView(memory.buffer).setUint8(3 * 2 ** 30 + 5, 7);
  const [snapshot, image] = imageTakenBy(() => memory.snapshot());
  expect(snapshot.byteLength).toBe(2 ** 32);
  expect(fs.fstatSync(image).blocks * 512).toBe(4096);
  const other = Memory.from(snapshot);
  expect(new DataView(other.buffer).getUint8(3 * 2 ** 30 + 5)).toBe(7);
  expect(new DataView(other.buffer).getUint8(2 ** 30)).toBe(0);
  expect(fs.fstatSync(image).blocks * 512).toBe(4096);
});

describe("the image of a snapshot", () => {
  const memory = new Memory({ initial: 1 });
  fill(memory, 7);
  const [snapshot, image] = imageTakenBy(() => memory.snapshot());

  test("is sealed against writing and resizing", () => {
    // Through a descriptor that is open for writing.
    const writable = fs.openSync(`/proc/self/fd/${image}`, "r+");
    try {
      expect(thrownBy(() => fs.writeSync(writable, "x")).code).toBe("EPERM");
      expect(thrownBy(() => fs.ftruncateSync(writable, 0)).code).toBe("EPERM");
      expect(thrownBy(() => fs.ftruncateSync(writable, 2 ** 40)).code).toBe("EPERM");
    } finally {
      fs.closeSync(writable);
    }
    expect(pageValues(Memory.from(snapshot))).toEqual([7]);
  });

  test("is not inherited by child processes", () => {
    const listed = execFileSync("ls", ["-l", "/proc/self/fd"], { encoding: "utf8" });
    expect(listed).not.toContain("memfd");
    const flags = /flags:\s+(\d+)/.exec(fs.readFileSync(`/proc/self/fdinfo/${image}`, "utf8"))[1];
    expect(parseInt(flags, 8) & 0o2000000).not.toBe(0);
  });

  test("has no name in the file system", () => {
    expect(fs.readlinkSync(`/proc/self/fd/${image}`)).toMatch(/\(deleted\)$/);
  });
});

describe("the image of an unreachable snapshot", () => {
  const isMapped = () =>
    fs.readFileSync("/proc/self/maps", "utf8").includes("/memfd:linear-memory");

  async function useAndDrop(left) {
    const memory = new Memory({ initial: 4 });
    fill(memory, 7);
    memory.restore(memory.snapshot());
    await collectGarbage(() => imageDescriptors().length <= left);
    expect(imageDescriptors().length).toBeLessThanOrEqual(left);
    expect(isMapped()).toBe(true);
    expect(pageValues(memory)).toEqual([7, 7, 7, 7]);
    fill(memory, 8, 1, 2);
    // A snapshot that is taken then has the memory's bytes.
    expect(pageValues(Memory.from(memory.snapshot()))).toEqual([7, 8, 7, 7]);
  }

  test("is closed with the snapshot, and unmapped with the last memory that uses it", async () => {
    // Images of earlier tests that are still held: those left when the collector finds no more.
    await collectGarbage(() => !isMapped());
    const left = imageDescriptors().length;
    await useAndDrop(left);
    await collectGarbage(() => imageDescriptors().length <= left && !isMapped());
    expect(imageDescriptors().length).toBeLessThanOrEqual(left);
    expect(isMapped()).toBe(false);
  });

  const testV8 = features.handoff === "v8" ? test : test.skip;

  testV8("is released within a loop that takes 3,000 snapshots (needs V8's hand-off)", async () => {
    const { most, left } = await run("snapshot-in-a-loop.js");
    expect(most).toBeLessThan(1000);
    expect(left).toBe(0);
  });

  test("is released after a loop that takes 3,000 snapshots, with Node-API's hand-off", async () => {
    const env = { LINEAR_MEMORY_HANDOFF: "node-api" };
    const { handoff, left } = await run("snapshot-in-a-loop.js", { env });
    expect(handoff).toBe("node-api");
    expect(left).toBe(0);
  });

  testV8("is collected when no descriptors are left (needs V8's hand-off)", async () => {
    const { most, left } = await run("snapshot-in-a-loop.js", { ulimit: "-n 80" });
    expect(most).toBeLessThanOrEqual(80);
    expect(left).toBe(0);
  });
});

describe("a snapshot of a shared memory", () => {
  test("has for each byte a value that the byte had", async () => {
    const memory = new Memory({ initial: 4, maximum: 4, shared: true });
    fill(memory, 1);
    const writer = startWorker(
      `const bytes = new Uint8Array(Memory.from(data).buffer, 0, 3 * 65536);
       const stop = new Int32Array(Memory.from(data).buffer, 3 * 65536, 1);
       for (let value = 1; Atomics.load(stop, 0) !== 0; value = 3 - value) bytes.fill(value);`,
      memory.share(),
    );
    const ended = new Promise((resolve) => writer.once("exit", resolve));
    const seen = new Set();
    for (let round = 0; round < 300 || (seen.size < 2 && round < 20_000); round++) {
      const copy = bytesOf(Memory.from(memory.snapshot())).subarray(0, 3 * PAGE);
      for (let at = 0; at < copy.length; at += 509) seen.add(copy[at]);
    }
    Atomics.store(new Int32Array(memory.buffer, 3 * PAGE, 1), 0, 0);
    await ended;
    expect([...seen].sort()).toEqual([1, 2]);
  });

  test("is as long as its bytes while another thread grows the memory", async () => {
    const memory = new Memory({ initial: 1, maximum: 2000, shared: true });
    const grower = startWorker(
      `const memory = Memory.from(data);
       try { while (true) memory.grow(1); } catch {}`,
      memory.share(),
    );
    const ended = new Promise((resolve) => grower.once("exit", resolve));
    let last = 0;
    while (last < 2000 * PAGE) {
      const snapshot = memory.snapshot();
      expect(snapshot.byteLength).toBeGreaterThanOrEqual(last);
      last = snapshot.byteLength;
      if (Math.random() < 0.2) expect(Memory.from(snapshot).buffer.byteLength).toBe(last);
      await new Promise(setImmediate);
    }
    await ended;
  });

  test("can be taken and restored by several threads at once, which also discard pages", async () => {
    const { wrong, errors, rounds } = await run("snapshot-in-threads.js");
    expect({ wrong, errors }).toEqual({ wrong: [], errors: [] });
    expect(rounds).toBeGreaterThan(0);
  });
});

describe("Memory.from() takes the type from the snapshot:", () => {
  test.each([
    [{ initial: 1 }],
    [{ initial: 1, maximum: 5 }],
    [{ initial: 1, maximum: 5, shared: true }],
    [{ initial: 1n, address: "i64" }],
    [{ initial: 1n, maximum: 2n ** 37n - 1n, address: "i64" }],
    [{ initial: 1n, maximum: 5n, address: "i64", shared: true }],
  ])("%p", (descriptor) => {
    const memory = new Memory(descriptor);
    fill(memory, 7);
    const other = Memory.from(memory.snapshot());
    expect(other.type()).toEqual(memory.type());
    expect(other.buffer.constructor).toBe(memory.buffer.constructor);
    expect(pageValues(other)).toEqual([7]);
  });

  test("except for the members in its options", () => {
    const memory = new Memory({ initial: 1, maximum: 5 });
    fill(memory, 7);
    const snapshot = memory.snapshot();
    const typeWith = (options) => Memory.from(snapshot, options).type();
    const type = { minimum: 1, maximum: 5, shared: false, address: "i32" };
    for (const nothing of [undefined, null, 5, {}, { maximum: undefined, shared: undefined }]) {
      expect(typeWith(nothing)).toEqual(type);
    }
    expect(typeWith({ maximum: 9 })).toEqual({ ...type, maximum: 9 });
    expect(typeWith({ shared: true })).toEqual({ ...type, shared: true });
    expect(typeWith({ shared: false, maximum: 1 })).toEqual({ ...type, maximum: 1 });
    const shared = Memory.from(snapshot, { shared: true });
    expect(pageValues(shared)).toEqual([7]);
    expect(shared.buffer).toBeInstanceOf(SharedArrayBuffer);
    const back = Memory.from(shared.snapshot(), { shared: false });
    expect(back.buffer).toBeInstanceOf(ArrayBuffer);
    expect(pageValues(back)).toEqual([7]);

    expect(() => Memory.from(snapshot, { maximum: 0 })).toThrow(RangeError);
    expect(() => Memory.from(snapshot, { maximum: 1n })).toThrow(TypeError);
    const unlimited = new Memory({ initial: 1 }).snapshot();
    expect(() => Memory.from(unlimited, { shared: true })).toThrow(TypeError);
  });
});

describe("the class Snapshot:", () => {
  const snapshot = new Memory({ initial: 1 }).snapshot();
  const { get: getByteLength } = Object.getOwnPropertyDescriptor(Snapshot.prototype, "byteLength");

  test("cannot be constructed or extended", () => {
    for (const make of [() => new Snapshot(), () => new Snapshot({}), () => Snapshot()]) {
      expect(make).toThrow(TypeError);
    }
    expect(() => Reflect.construct(Snapshot, [], Memory)).toThrow(/^Snapshot: /);
    class Own extends Snapshot {}
    expect(() => new Own()).toThrow(/^Snapshot: /);
  });

  test("makes objects named Snapshot, without properties of their own", () => {
    expect(snapshot).toBeInstanceOf(Snapshot);
    expect(Object.prototype.toString.call(snapshot)).toBe("[object Snapshot]");
    expect(Reflect.ownKeys(snapshot)).toEqual([]);
    expect(Object.getPrototypeOf(snapshot)).toBe(Snapshot.prototype);
  });

  test("has members with the attributes that WebIDL gives them", () => {
    const { prototype } = Snapshot;
    expect(Object.keys(prototype).sort()).toEqual(["byteLength", "save"]);
    expect(Object.keys(Snapshot)).toEqual(["open"]);
    expect([Snapshot.name, Snapshot.length]).toEqual(["Snapshot", 0]);
    expect([Snapshot.open.name, Snapshot.open.length]).toEqual(["open", 1]);
    expect([prototype.save.name, prototype.save.length]).toEqual(["save", 1]);
    expect(getByteLength.name).toBe("get byteLength");
    expect(Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)).toStrictEqual({
      value: "Snapshot",
      writable: false,
      enumerable: false,
      configurable: true,
    });
  });

  test.each([
    ["undefined", undefined],
    ["null", null],
    ["a string", "snapshot"],
    ["an object", {}],
    ["a memory", new Memory({ initial: 0 })],
    ["the prototype", Snapshot.prototype],
    ["an object with the prototype", Object.create(Snapshot.prototype)],
    ["an object that inherits from a snapshot", Object.create(snapshot)],
    ["a proxy of a snapshot", new Proxy(snapshot, {})],
  ])("is not confused with %s", (_, other) => {
    const memory = new Memory({ initial: 1 });
    const expectRefusal = (body, member) => {
      const error = thrownBy(body);
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toContain(`${member}: expected a Snapshot`);
    };
    expectRefusal(() => memory.restore(other), "Memory.restore()");
    expectRefusal(() => Reflect.apply(getByteLength, other, []), "Snapshot.byteLength");
    expectRefusal(() => Reflect.apply(snapshot.save, other, ["/nowhere"]), "Snapshot.save()");
    if (!(other instanceof Memory)) expect(() => Memory.from(other)).toThrow(TypeError);
  });

  test("recognises a snapshot that is frozen and has another prototype", () => {
    const bare = Object.setPrototypeOf(new Memory({ initial: 1 }).snapshot(), null);
    expect(Memory.from(Object.freeze(bare)).buffer.byteLength).toBe(PAGE);
  });
});

test("a thousand snapshots at once take no mappings", () => {
  const memory = new Memory({ initial: 1 });
  const before = mappingCount();
  const kept = [];
  for (let index = 0; index < 1000; index++) {
    new DataView(memory.buffer).setUint32(0, index);
    kept.push(memory.snapshot());
  }
  expect(mappingCount() - before).toBeLessThan(100);
  const numbers = [0, 500, 999];
  for (const index of numbers) {
    memory.restore(kept[index]);
    expect(new DataView(memory.buffer).getUint32(0)).toBe(index);
  }
});
