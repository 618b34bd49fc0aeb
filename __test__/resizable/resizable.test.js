"use strict";

// Resizable buffers of reserved pages, where the JS API leaves the behaviour open.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { markAsUntransferable } = require("node:worker_threads");
const zlib = require("node:zlib");

const { Memory, features } = require("../..");
const native = require("../../native");
const { collectGarbage } = require("../support/gc");
const { protectionAt, residentBytes } = require("../support/proc");
const { run } = require("../support/run-fixture");
const { compile } = require("../support/wat");

const PAGE = 65_536;
const MIB = 2 ** 20;

const { resize } = ArrayBuffer.prototype;

/** Whether the engine's own class creates resizable buffers. If not, they are ArrayBuffers of reserved pages. */
const isEngines = features.resizableBuffers.shared;
const testEngines = isEngines ? test : test.skip;
const testReserved = features.resizableBuffers.unshared && !isEngines ? test : test.skip;

const address = (buffer) => native.address(new Uint8Array(buffer));

/** Creates a memory whose pages are filled with 1, 2 and so on, and which can grow by four pages. */
function filled(initial = 2) {
  const memory = new Memory({ initial, maximum: initial + 4 });
  for (let page = 0; page < initial; page++) {
    new Uint8Array(memory.buffer, page * PAGE, PAGE).fill(page + 1);
  }
  return memory;
}

/** Expects the memory to have pages that are filled with these values. */
function expectPages(memory, ...expected) {
  const { buffer } = memory;
  expect(buffer.byteLength).toBe(expected.length * PAGE);
  expect(memory.type().minimum).toBe(expected.length);
  expected.forEach((value, page) => {
    const bytes = new Uint8Array(buffer, page * PAGE, PAGE);
    expect(bytes.every((byte) => byte === value)).toBe(true);
  });
}

test("`features.resizableBuffers` reports which memories support toResizableBuffer()", () => {
  const { unshared, shared } = features.resizableBuffers;
  expect(Object.isFrozen(features.resizableBuffers)).toBe(true);
  expect(unshared).toBe("resize" in ArrayBuffer.prototype);
  expect(shared).toBe("toResizableBuffer" in WebAssembly.Memory.prototype);
});

describe("toResizableBuffer() throws a TypeError (unless the engine has it) for", () => {
  const testNone = isEngines ? test.skip : test;
  const shared = { maximum: 2, shared: true };

  testNone.each([
    ["a shared memory", () => new Memory({ initial: 1, ...shared })],
    ["an adopted memory", () => Memory.from(new WebAssembly.Memory({ initial: 1, maximum: 2 }))],
  ])("%s", (_, make) => {
    const memory = make();
    const { buffer } = memory;
    const convert = () => memory.toResizableBuffer();
    expect(convert).toThrow(TypeError);
    expect(convert).toThrow(/^Memory\.toResizableBuffer\(\): this engine/);
    expect(memory.buffer === buffer || memory.type().shared).toBe(true);
    expect(memory.toFixedLengthBuffer().byteLength).toBe(PAGE);
  });

  testNone("a memory that toWebAssembly() has moved", () => {
    const memory = filled();
    memory.toWebAssembly();
    expect(() => memory.toResizableBuffer()).toThrow(TypeError);
    expectPages(memory, 1, 2);
  });
});

const testShared64 = features.externalSharedBuffers ? test : test.skip;

testShared64(
  "toResizableBuffer() throws a TypeError for a shared memory of reserved pages (if supported)",
  () => {
    const memory = new Memory({ initial: 1n, maximum: 300_000n, shared: true, address: "i64" });
    expect(() => memory.toResizableBuffer()).toThrow(TypeError);
    expect(() => memory.toResizableBuffer()).toThrow(/^Memory\.toResizableBuffer\(\): this engine/);
    const { buffer } = memory;
    expect(memory.toFixedLengthBuffer()).toBe(buffer);
  },
);

describe("the pages of a resizable buffer", () => {
  test("are moved there and back, not copied: none is resident twice", () => {
    const memory = new Memory({ initial: 64 * 16, maximum: 64 * 32 });
    new Uint8Array(memory.buffer).fill(1);
    const before = residentBytes();
    const rise = () => residentBytes() - before;
    for (let round = 0; round < 3; round++) {
      const buffer = memory.toResizableBuffer();
      expect(rise()).toBeLessThan(32 * MIB);
      buffer.resize(buffer.byteLength + PAGE);
      new Uint8Array(memory.toFixedLengthBuffer(), 64 * MIB).fill(2);
      expect(rise()).toBeLessThan(32 * MIB);
    }
    const bytes = new Uint8Array(memory.buffer);
    expect([bytes[0], bytes[64 * MIB - 1], bytes[64 * MIB], bytes.at(-1)]).toEqual([1, 1, 2, 2]);
  });

  testReserved(
    "move back to their reservation with toFixedLengthBuffer() (unless the buffer is the engine's)",
    () => {
      const memory = filled();
      const home = address(memory.buffer);
      const buffer = memory.toResizableBuffer();
      expect(address(buffer)).not.toBe(home);
      buffer.resize(3 * PAGE);
      expect(address(memory.toFixedLengthBuffer())).toBe(home);
      expectPages(memory, 1, 2, 0);
      expect(memory.grow(1)).toBe(3);
      expect(address(memory.buffer)).toBe(home);
      expectPages(memory, 1, 2, 0, 0);
      expect(protectionAt(home + 4 * PAGE)).toBe("---p");
    },
  );

  testReserved(
    "are unmapped when the buffer is collected (unless it is the engine's)",
    async () => {
      const [home, there] = (() => {
        const memory = filled();
        return [address(memory.buffer), address(memory.toResizableBuffer())];
      })();
      // By then, an inaccessible page there can belong to another reservation.
      const isReleased = (address) => [undefined, "---p"].includes(protectionAt(address));
      await collectGarbage(() => isReleased(home) && isReleased(there));
      expect([isReleased(home), isReleased(there)]).toEqual([true, true]);
    },
  );

  testReserved(
    "stay mapped while only the buffer is reachable (unless it is the engine's)",
    async () => {
      const buffer = (() => filled().toResizableBuffer())();
      await collectGarbage();
      const bytes = new Uint8Array(buffer);
      expect([bytes[0], bytes[PAGE]]).toEqual([1, 2]);
      buffer.resize(3 * PAGE);
      expect(bytes.length).toBe(3 * PAGE);
      expect(() => buffer.resize(PAGE)).toThrow(RangeError);
    },
  );

  testReserved("fault past the size (unless the buffer is the engine's)", () => {
    const memory = filled();
    const base = address(memory.toResizableBuffer());
    expect(protectionAt(base + 2 * PAGE - 1)).toBe("rw-p");
    expect(protectionAt(base + 2 * PAGE)).toBe("---p");
    memory.grow(1);
    expect(protectionAt(base + 3 * PAGE - 1)).toBe("rw-p");
    expect(protectionAt(base + 3 * PAGE)).toBe("---p");
  });

  test.each([
    ["resizable buffers", "resizable"],
    ["resizable buffers that grew, and fixed ones again", "fixed again"],
    ["resizable buffers whose pages moved on into the engine", "moved on"],
  ])("are unmapped after 1,000 memories with %s were collected", async (_, kind) => {
    const more = await run("make-and-drop.js", { args: [kind] });
    expect(more.space).toBeLessThan(2 ** 30);
    expect(more.mappings).toBeLessThan(500);
    expect(more.resident).toBeLessThan(100 * MIB);
  });
});

describe("toWebAssembly()", () => {
  const text = `(module
    (import "js" "mem" (memory 1 6))
    (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "grow") (result i32) (memory.grow (i32.const 1))))`;

  test("takes the pages of a resizable buffer; the new buffer is resizable if the engine's are", async () => {
    const memory = filled();
    const buffer = memory.toResizableBuffer();
    buffer.resize(3 * PAGE);
    const mem = memory.toWebAssembly();
    expect(memory.toWebAssembly()).toBe(mem);
    expect(Memory.from(mem)).toBe(memory);
    expect(memory.buffer).toBe(mem.buffer);
    expect(memory.buffer.resizable).toBe(isEngines);
    expect(memory.buffer === buffer).toBe(isEngines);
    expect(buffer.byteLength).toBe(isEngines ? 3 * PAGE : 0);
    const { exports } = new WebAssembly.Instance(await compile(text), { js: { mem } });
    expect([0, PAGE, 2 * PAGE].map(exports.load)).toEqual([1, 2, 0]);
    expect(exports.grow()).toBe(3);
    expectPages(memory, 1, 2, 0, 0);
  });

  const testWithout64 = features.memory64 ? test.skip : testReserved;

  testWithout64(
    "throws for 64-bit addresses and changes nothing (if the engine lacks them)",
    () => {
      const memory = new Memory({ initial: 1n, maximum: 2n, address: "i64" });
      const buffer = memory.toResizableBuffer();
      new Uint8Array(buffer)[0] = 1;
      expect(() => memory.toWebAssembly()).toThrow(TypeError);
      expect(memory.buffer).toBe(buffer);
      expect(new Uint8Array(buffer)[0]).toBe(1);
    },
  );

  testEngines("returns the engine memory that toResizableBuffer() has moved to", () => {
    const memory = filled();
    memory.toResizableBuffer();
    const mem = memory.toWebAssembly();
    expect(mem.buffer).toBe(memory.buffer);
    expect(Memory.from(mem)).toBe(memory);
    memory.toFixedLengthBuffer();
    expect(memory.toWebAssembly()).toBe(mem);
  });
});

describe("ArrayBuffer.prototype.resize(), called past the buffer's own resize(),", () => {
  testReserved("cannot shrink the memory: bytes that it cuts off read as zero", () => {
    const memory = filled();
    const buffer = memory.toResizableBuffer();
    const tracking = new Uint8Array(buffer);
    resize.call(buffer, PAGE + 1);
    expect(tracking.length).toBe(PAGE + 1);
    expect(memory.type().minimum).toBe(2);
    expect(tracking.length).toBe(2 * PAGE);
    expect(memory.buffer).toBe(buffer);
    expect([tracking[PAGE - 1], tracking[PAGE], tracking[PAGE + 1]]).toEqual([1, 2, 0]);
    resize.call(buffer, 0);
    expect(memory.grow(1)).toBe(2);
    expectPages(memory, 0, 0, 0);
  });

  testReserved("grows the memory by whole pages", () => {
    const memory = filled();
    const buffer = memory.toResizableBuffer();
    resize.call(buffer, 2 * PAGE + 1);
    expectPages(memory, 1, 2, 0);
    resize.call(buffer, 4 * PAGE);
    expect(memory.grow(1)).toBe(4);
    expectPages(memory, 1, 2, 0, 0, 0);
  });

  testReserved.each([
    ["toFixedLengthBuffer", (memory) => memory.toFixedLengthBuffer()],
    ["toWebAssembly", (memory) => memory.toWebAssembly()],
    ["resize", (memory) => memory.buffer.resize(2 * PAGE)],
  ])("before %s() keeps the bytes of the remaining pages", (_, act) => {
    const memory = filled();
    const buffer = memory.toResizableBuffer();
    resize.call(buffer, PAGE);
    act(memory);
    expectPages(memory, 1, 0);
  });

  testEngines("cannot shrink an engine buffer, which has no own resize()", () => {
    const memory = filled();
    const buffer = memory.toResizableBuffer();
    expect(Object.hasOwn(buffer, "resize")).toBe(false);
    for (const length of [PAGE, 2 * PAGE + 1]) expect(() => buffer.resize(length)).toThrow();
    expectPages(memory, 1, 2);
  });
});

describe("toResizableBuffer() with a maximum that cannot be reserved", () => {
  testReserved(
    "throws a RangeError that names it, and changes nothing (unless the buffer is the engine's)",
    () => {
      const memory = new Memory({ initial: 1n, maximum: 2n ** 37n - 1n, address: "i64" });
      const { buffer } = memory;
      const convert = () => memory.toResizableBuffer();
      expect(convert).toThrow(RangeError);
      expect(convert).toThrow(/^Memory\.toResizableBuffer\(\): maximum: .* 9007199254675456 bytes/);
      expect(memory.buffer).toBe(buffer);
      expect(buffer.byteLength).toBe(PAGE);
    },
  );

  testEngines("nor hosted throws a TypeError, and changes nothing", () => {
    const memory = new Memory({ initial: 1n, maximum: 300_000n, address: "i64" });
    const { buffer } = memory;
    expect(() => memory.toResizableBuffer()).toThrow(TypeError);
    expect(() => memory.toResizableBuffer()).toThrow(/^Memory\.toResizableBuffer\(\): /);
    expect(memory.buffer).toBe(buffer);
  });
});

describe("a resizable buffer that is marked as untransferable", () => {
  // The engine's own class detaches a marked buffer.
  const canDetectMark = features.detachKeys || features.handoff === "node-api";
  const testMarked = !isEngines && canDetectMark ? test : test.skip;

  testMarked(
    "makes members that would detach it throw (if the hand-off can detect the mark)",
    () => {
      const memory = filled();
      const buffer = memory.toResizableBuffer();
      markAsUntransferable(buffer);
      for (const detach of [() => memory.toFixedLengthBuffer(), () => memory.toWebAssembly()]) {
        expect(detach).toThrow(TypeError);
        expect(detach).toThrow(/^Memory\.\w+\(\): buffer: marked with markAsUntransferable\(\)/);
      }
      expect(memory.buffer).toBe(buffer);
      expectPages(memory, 1, 2);
      buffer.resize(3 * PAGE);
      expectPages(memory, 1, 2, 0);
    },
  );
});

describe("a resizable buffer that a program transfers", () => {
  const testTransferred = !isEngines && features.handoff === "node-api" ? test : test.skip;

  testTransferred(
    "takes the pages: every member throws a TypeError (with Node-API's hand-off)",
    () => {
      const memory = filled();
      const buffer = memory.toResizableBuffer();
      const snapshot = memory.snapshot();
      const taken = structuredClone(buffer, { transfer: [buffer] });
      const uses = {
        "Memory.buffer": () => memory.buffer,
        "Memory.grow()": () => memory.grow(1),
        "Memory.type()": () => memory.type(),
        "Memory.discard()": () => memory.discard(0, PAGE),
        "Memory.snapshot()": () => memory.snapshot(),
        "Memory.restore()": () => memory.restore(snapshot),
        "Memory.map()": () => memory.map(0, __filename),
        "Memory.usage()": () => memory.usage(),
        "Memory.toFixedLengthBuffer()": () => memory.toFixedLengthBuffer(),
        "Memory.toWebAssembly()": () => memory.toWebAssembly(),
        "ArrayBuffer.resize()": () => buffer.resize(3 * PAGE),
      };
      for (const [member, use] of Object.entries(uses)) {
        expect(use).toThrow(TypeError);
        const text = "the buffer was transferred, and with it the memory's pages";
        expect(use).toThrow(expect.objectContaining({ message: `${member}: ${text}` }));
      }
      expect([new Uint8Array(taken)[0], taken.byteLength]).toEqual([1, 2 * PAGE]);
    },
  );
});

describe("native code that reads a resizable buffer while it is detached", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));

  afterAll(() => fs.rmSync(folder, { recursive: true }));

  const jobs = {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        const file = fs.openSync(path.join(folder, "written"), "w");
        fs.write(file, bytes, (error, written) => (error ? reject(error) : resolve(written)));
      }),
    gzip: (bytes) =>
      new Promise((resolve, reject) => {
        zlib.gzip(bytes, (error, result) =>
          error ? reject(error) : resolve(zlib.gunzipSync(result).length),
        );
      }),
  };

  // It can read zeros by then, but never faults.
  test.each([
    ["write", "toFixedLengthBuffer"],
    ["write", "toWebAssembly"],
    ["gzip", "toFixedLengthBuffer"],
    ["gzip", "toWebAssembly"],
  ])("%s() during %s() does not fault: the addresses stay mapped", async (job, member) => {
    const memory = filled(64);
    const buffer = memory.toResizableBuffer();
    const at = address(buffer);
    const done = jobs[job](Buffer.from(buffer));
    memory[member]();
    await collectGarbage();
    expect(protectionAt(at)).toBe("rw-p");
    expect(protectionAt(at + 64 * PAGE - 1)).toBe("rw-p");
    expect(await done).toBe(64 * PAGE);
    expect(new Uint8Array(memory.buffer)[64 * PAGE - 1]).toBe(64);
  });

  testReserved(
    "releases the addresses when the buffer is collected (unless it is the engine's)",
    async () => {
      const memory = filled();
      const at = (() => {
        const buffer = memory.toResizableBuffer();
        const before = address(buffer);
        memory.toFixedLengthBuffer();
        return before;
      })();
      await collectGarbage(() => protectionAt(at) !== "rw-p");
      expect(protectionAt(at)).not.toBe("rw-p");
      expectPages(memory, 1, 2);
    },
  );
});
