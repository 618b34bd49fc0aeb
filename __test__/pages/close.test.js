"use strict";

// Memory.close() releases a memory before it is collected.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const { promisify } = require("node:util");
const { markAsUntransferable } = require("node:worker_threads");
const zlib = require("node:zlib");

const { Memory, features } = require("../..");
const { useFiles } = require("../support/files");
const { collectGarbage } = require("../support/gc");
const { bytesAt, protectionAt, residentWithin } = require("../support/proc");
const { run } = require("../support/run-fixture");
const { PAGE, stores, grow, bytesOf, addressOf, fill, pageValues } = require("../support/stores");
const { thrownBy } = require("../support/thrown");
const { compile } = require("../support/wat");
const { startWorker } = require("../support/workers");

const snapshot = new Memory({ initial: 1 }).snapshot();

/** A use of each member. */
const uses = [
  ["buffer", (memory) => memory.buffer],
  ["grow()", (memory) => memory.grow(0)],
  ["type()", (memory) => memory.type()],
  ["toWebAssembly()", (memory) => memory.toWebAssembly()],
  ["share()", (memory) => memory.share()],
  ["discard()", (memory) => memory.discard(0, 0)],
  ["snapshot()", (memory) => memory.snapshot()],
  ["restore()", (memory) => memory.restore(snapshot)],
  ["toFixedLengthBuffer()", (memory) => memory.toFixedLengthBuffer()],
  ["toResizableBuffer()", (memory) => memory.toResizableBuffer()],
  ["map()", (memory) => memory.map(0, __filename)],
  ["flushSync()", (memory) => memory.flushSync()],
  ["notify()", (memory) => memory.notify(0)],
  ["usage()", (memory) => memory.usage()],
  ["from()", (memory) => Memory.from(memory)],
];

/** Uses of members that return promises. */
const asyncUses = [
  ["flush()", (memory) => memory.flush()],
  ["wait()", (memory) => memory.wait(0, 0)],
];

function expectClosed(body, member) {
  checkClosed(thrownBy(body), member);
}

function checkClosed(error, member) {
  expect(error).toBeInstanceOf(TypeError);
  expect(error.message).toBe(`Memory.${member}: the memory is closed`);
}

test.each(asyncUses)("%s of a closed memory returns a rejected promise", async (member, use) => {
  const memory = new Memory({ initial: 1 });
  memory.close();
  const error = await use(memory).then(
    () => undefined,
    (reason) => reason,
  );
  checkClosed(error, member);
});

test("the uses in this file cover every member of the class", () => {
  const members = Object.keys(Object.getOwnPropertyDescriptors(Memory.prototype));
  const tried = [...uses, ...asyncUses].map(([member]) => member.replace("()", ""));
  expect(members.filter((member) => !["constructor", "close"].includes(member)).sort()).toEqual(
    tried.filter((member) => member !== "from").sort(),
  );
});

describe.each(stores)("a memory that is %s", (_, make) => {
  test("throws from every member once it is closed", () => {
    const memory = make(2, 4);
    fill(memory, 7);
    expect(memory.close()).toBeUndefined();
    for (const [member, use] of uses) expectClosed(() => use(memory), member);
  });

  test("can be closed twice", () => {
    const memory = make(2, 4);
    memory.close();
    expect(memory.close()).toBeUndefined();
    if (Symbol.dispose !== undefined) expect(memory[Symbol.dispose]()).toBeUndefined();
    expectClosed(() => memory.buffer, "buffer");
  });

  test("can be closed while it shares pages with a snapshot, which stays usable", () => {
    const memory = make(2, 4);
    fill(memory, 7);
    const frozen = memory.snapshot();
    memory.restore(frozen);
    fill(memory, 9, 1);
    memory.close();
    expect(pageValues(Memory.from(frozen))).toEqual([7, 7]);
  });

  test("can be closed with no pages", () => {
    const memory = make(0, 4);
    memory.close();
    expectClosed(() => memory.buffer, "buffer");
  });

  test("can be closed after growing", () => {
    const memory = make(1, 4);
    grow(memory, 1);
    memory.close();
    expectClosed(() => memory.grow(1), "grow()");
  });
});

describe("an unshared reserved memory", () => {
  test.each([
    ["newly made", () => {}],
    ["grown", (memory) => memory.grow(2)],
    ["with a restored snapshot", (memory) => memory.restore(memory.snapshot())],
  ])(
    "%s: close() decommits its pages and detaches its buffer; the addresses stay mapped",
    async (_, prepare) => {
      const memory = new Memory({ initial: 200, maximum: 300 });
      fill(memory, 7);
      prepare(memory);
      fill(memory, 8);
      const { buffer } = memory;
      const view = new Uint8Array(buffer);
      const [at, size] = [addressOf(memory), buffer.byteLength];
      expect(residentWithin(at, size)).toBe(size);
      memory.close();
      expect(residentWithin(at, size)).toBe(0);
      expect([buffer.byteLength, view.length, view[0]]).toEqual([0, 0, undefined]);
      if ("detached" in buffer) expect(buffer.detached).toBe(true);
      // Native code that has the buffer keeps its addresses mapped, not its pages.
      await collectGarbage();
      expect(protectionAt(at)).toBe("rw-p");
      expect(buffer.byteLength).toBe(0);
    },
  );

  test("unmaps its addresses when nothing holds them", async () => {
    const closed = () => {
      const memory = new Memory({ initial: 200, maximum: 300 });
      const at = addressOf(memory);
      memory.close();
      return { memory, at };
    };
    // The closed object itself does not hold them.
    const { memory, at } = closed();
    await collectGarbage(() => protectionAt(at) !== "rw-p");
    expect(protectionAt(at)).not.toBe("rw-p");
    expectClosed(() => memory.buffer, "buffer");
  });

  test("stops being resident when closed in a synchronous loop that makes a hundred of 64 MiB", async () => {
    const { most, left } = await run("close-in-a-loop.js");
    expect(most).toBeLessThan(200 * 2 ** 20);
    expect(left).toBeLessThan(150 * 2 ** 20);
  });

  const testKeys = features.detachKeys ? test : test.skip;

  testKeys(
    "close() throws and changes nothing if the buffer is untransferable (needs detach keys)",
    () => {
      const memory = new Memory({ initial: 1, maximum: 2 });
      fill(memory, 7);
      const { buffer } = memory;
      markAsUntransferable(buffer);
      const error = thrownBy(() => memory.close());
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(/^Memory\.close\(\): buffer: marked with markAsUntransf/);
      expect(memory.buffer).toBe(buffer);
      expect(pageValues(memory)).toEqual([7]);
      expect(memory.snapshot().byteLength).toBe(PAGE);
    },
  );

  const canTransfer = !features.detachKeys && "transfer" in ArrayBuffer.prototype;
  const testTransfer = canTransfer ? test : test.skip;

  testTransfer(
    "can be closed after transfer() of its buffer (needs transfer(), no detach keys)",
    () => {
      const memory = new Memory({ initial: 1, maximum: 2 });
      fill(memory, 7);
      const kept = memory.buffer.transfer();
      memory.close();
      expectClosed(() => memory.buffer, "buffer");
      // The pages of the transferred buffer are decommitted too, but stay readable.
      expect(kept.byteLength).toBe(PAGE);
      expect(new Uint8Array(kept)[0]).toBe(0);
    },
  );
});

describe("native code that works on the buffer while close() is called", () => {
  const { newFile, removeFiles } = useFiles();

  afterAll(removeFiles);

  const LENGTH = 256 * PAGE;

  function makeFilled() {
    const memory = new Memory({ initial: 256, maximum: 300 });
    fill(memory, 3);
    return memory;
  }

  /**
   * Closes a memory, and expects that its addresses stay mapped and that no other memory gets them. Returns its
   * address, and another memory.
   */
  function close(memory) {
    const at = addressOf(memory);
    memory.close();
    expect(protectionAt(at)).toBe("rw-p");
    const other = new Memory({ initial: 256, maximum: 300 });
    expect(addressOf(other)).not.toBe(at);
    fill(other, 5);
    return { at, other };
  }

  /** Calls `use` with the descriptors of both ends of a pipe, and closes them, which ends every wait for the other. */
  async function withPipe(use) {
    const file = newFile();
    execFileSync("mkfifo", [file]);
    // To open one end waits for the other, unless both are open.
    const both = fs.openSync(file, "r+");
    const [source, sink] = ["r", "w"].map((flags) => fs.openSync(file, flags));
    fs.closeSync(both);
    try {
      await use({ source, sink });
    } finally {
      fs.closeSync(source);
      fs.closeSync(sink);
    }
  }

  /** Reads `length` bytes. */
  function readFrom(source, length) {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length;) at += fs.readSync(source, bytes, at, length - at, null);
    return bytes;
  }

  test("fs.write() goes on: it writes zeros for pages that it had not read", async () => {
    await withPipe(async ({ source, sink }) => {
      const memory = makeFilled();
      const done = promisify(fs.write)(sink, Buffer.from(memory.buffer));
      // Now it has begun. It cannot end: all bytes are more than a pipe holds.
      const [first] = readFrom(source, 1);
      close(memory);
      const rest = readFrom(source, LENGTH - 1);
      expect((await done).bytesWritten).toBe(LENGTH);
      expect(first).toBe(3);
      // A pipe holds 1 MiB at most.
      expect(rest.subarray(2 ** 20).equals(Buffer.alloc(LENGTH - 1 - 2 ** 20))).toBe(true);
    });
  });

  test("fs.read() goes on: it reads into the old addresses, and no other memory", async () => {
    await withPipe(async ({ source, sink }) => {
      const memory = makeFilled();
      const done = promisify(fs.read)(source, Buffer.from(memory.buffer), 0, LENGTH, null);
      const { at, other } = close(memory);
      fs.writeSync(sink, Buffer.alloc(4096, 7));
      expect((await done).bytesRead).toBe(4096);
      expect(bytesAt(at, 4096).equals(Buffer.alloc(4096, 7))).toBe(true);
      expect(pageValues(other)).toEqual(new Array(256).fill(5));
    });
  });

  test("zlib.gzip() goes on: it reads each page as it was, or as zeros", async () => {
    const memory = makeFilled();
    // One chunk: Node aborts if it continues with a buffer that has been detached.
    const options = { level: 1, chunkSize: 2 ** 22 };
    const done = promisify(zlib.gzip)(Buffer.from(memory.buffer), options);
    close(memory);
    const bytes = zlib.gunzipSync(await done);
    expect(bytes.length).toBe(LENGTH);
    for (let at = 0; at < LENGTH; at += 4096) expect([0, 3]).toContain(bytes[at]);
  });
});

describe("an engine memory", () => {
  const text = `(module
    (memory (export "memory") 1 4)
    (func (export "store") (param i32) (i32.store8 (i32.const 5) (local.get 0)))
    (func (export "load") (result i32) (i32.load8_u (i32.const 5))))`;

  test("stays usable after close(), and Memory.from() makes another object", async () => {
    const { exports } = new WebAssembly.Instance(await compile(text));
    const memory = Memory.from(exports.memory);
    expect(Memory.from(exports.memory)).toBe(memory);
    const { buffer } = memory;
    exports.store(7);
    memory.close();
    expect(buffer.byteLength).toBe(PAGE);
    expect(exports.memory.buffer).toBe(buffer);
    exports.store(8);
    expect(new Uint8Array(buffer)[5]).toBe(8);

    const again = Memory.from(exports.memory);
    expect(again).not.toBe(memory);
    expect(Memory.from(exports.memory)).toBe(again);
    expect(again.buffer).toBe(buffer);
    expect(again.type()).toEqual({ minimum: 1, maximum: 4, shared: false, address: "i32" });
    expect(again.grow(1)).toBe(1);
    expect(exports.load()).toBe(8);
    expectClosed(() => memory.buffer, "buffer");
    memory.close();
    expect(Memory.from(exports.memory)).toBe(again);
  });

  test("stays usable after close() of the memory whose toWebAssembly() made it", async () => {
    const module = await compile(`(module
      (import "env" "memory" (memory 1 4))
      (func (export "load") (result i32) (i32.load8_u (i32.const 5))))`);
    const memory = new Memory({ initial: 1, maximum: 4 });
    bytesOf(memory)[5] = 7;
    const engineMemory = memory.toWebAssembly();
    const { exports } = new WebAssembly.Instance(module, { env: { memory: engineMemory } });
    memory.close();
    expect(exports.load()).toBe(7);
    const again = Memory.from(engineMemory);
    expect(again).not.toBe(memory);
    expect(again.toWebAssembly()).toBe(engineMemory);
    expect(bytesOf(again)[5]).toBe(7);
  });
});

const shared = stores.filter(([name]) => name.endsWith("shared"));

describe.each(shared)("a memory that is %s", (_, make) => {
  test("stays usable in its buffers and in other threads after close()", async () => {
    const memory = make(1, 4);
    const token = memory.share();
    const old = memory.buffer;
    const worker = startWorker(
      `const memory = Memory.from(data);
       port.once("message", () => {
         const bytes = new Uint8Array(memory.buffer);
         bytes[6] = bytes[5] + 1;
         memory.grow(typeof memory.type().minimum === "bigint" ? 1n : 1);
         port.postMessage(memory.buffer.byteLength);
       });
       port.postMessage("ready");`,
      token,
    );
    const answers = [];
    const both = new Promise((resolve) => {
      worker.on("message", (message) => {
        answers.push(message);
        if (message === "ready") {
          memory.close();
          new Uint8Array(old)[5] = 7;
          worker.postMessage("go on");
        } else resolve();
      });
    });
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    await both;
    await ended;
    expect(answers).toEqual(["ready", 2 * PAGE]);
    expect([old.byteLength, new Uint8Array(old)[6]]).toEqual([PAGE, 8]);

    const again = Memory.from(token);
    expect(again).not.toBe(memory);
    expect(Memory.from(again.share())).toBe(again);
    expect(again.buffer.byteLength).toBe(2 * PAGE);
    expect(bytesOf(again)[6]).toBe(8);
    expectClosed(() => memory.buffer, "buffer");
    memory.close();
    expect(Memory.from(token)).toBe(again);
  });

  test("is released with its last buffer after close()", async () => {
    const use = () => {
      const memory = make(200, 200);
      fill(memory, 7);
      const at = addressOf(memory);
      memory.close();
      return at;
    };
    const at = use();
    const isGone = () => protectionAt(at) !== "rw-p" || residentWithin(at, PAGE) === 0;
    await collectGarbage(isGone);
    expect(isGone()).toBe(true);
  });
});

describe("close() while an argument is converted:", () => {
  const closing = (memory, value) => ({
    valueOf() {
      memory.close();
      return value;
    },
  });

  describe.each(stores)("in a memory that is %s,", (_, make) => {
    test.each([
      ["grow()", (memory, value) => memory.grow(value), 0],
      ["discard()", (memory, value) => memory.discard(value, 0), 0],
      ["discard()", (memory, value) => memory.discard(0, value), 0],
    ])("%s throws that the memory is closed", (member, use, value) => {
      const memory = make(1, 4);
      const is64 = memory.type().address === "i64" && member === "grow()";
      expectClosed(() => use(memory, closing(memory, is64 ? BigInt(value) : value)), member);
      memory.close();
    });
  });

  test("new Memory() makes the other memory", () => {
    const memory = new Memory({ initial: 1 });
    const other = new Memory({ initial: closing(memory, 2) });
    expect(other.buffer.byteLength).toBe(2 * PAGE);
    expectClosed(() => memory.buffer, "buffer");
  });

  test("Memory.from() of a snapshot of the memory makes another", () => {
    const memory = new Memory({ initial: 1, maximum: 2 });
    fill(memory, 7);
    const other = Memory.from(memory.snapshot(), { maximum: closing(memory, 3) });
    expect(pageValues(other)).toEqual([7]);
    expect(other.type().maximum).toBe(3);
  });
});

describe("a receiver that is not a memory", () => {
  test.each([
    ["undefined", undefined],
    ["null", null],
    ["a number", 5],
    ["a string", "memory"],
    ["an object", {}],
    ["the prototype", Memory.prototype],
    ["a proxy of a memory", new Proxy(new Memory({ initial: 0 }), {})],
    ["an engine memory", new WebAssembly.Memory({ initial: 0 })],
  ])("is rejected by close(), discard(), snapshot(), restore() and usage(): %s", (_, receiver) => {
    const arguments_ = { discard: [0, 0], restore: [snapshot] };
    for (const member of ["close", "discard", "snapshot", "restore", "usage"]) {
      const call = () =>
        Reflect.apply(Memory.prototype[member], receiver, arguments_[member] ?? []);
      const error = thrownBy(call);
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toContain(`Memory.${member}(): expected a Memory as receiver`);
    }
  });

  test("is rejected before any argument is converted", () => {
    const look = jest.fn(() => 0);
    const value = { [Symbol.toPrimitive]: look };
    expect(() => Reflect.apply(Memory.prototype.discard, {}, [value, value])).toThrow(TypeError);
    expect(look).not.toHaveBeenCalled();
  });
});

describe("a member beyond the JS API", () => {
  test.each([
    ["discard", 2],
    ["snapshot", 0],
    ["restore", 1],
    ["usage", 0],
    ["close", 0],
  ])("has the attributes of a WebIDL operation: %s", (member, length) => {
    const descriptor = Object.getOwnPropertyDescriptor(Memory.prototype, member);
    expect(descriptor).toStrictEqual({
      value: Memory.prototype[member],
      writable: true,
      enumerable: true,
      configurable: true,
    });
    expect([descriptor.value.name, descriptor.value.length]).toEqual([member, length]);
    expect(Object.hasOwn(descriptor.value, "prototype")).toBe(false);
    expect(() => new descriptor.value()).toThrow(TypeError);
  });

  test("has the attributes of a WebIDL operation: Memory.from", () => {
    expect(Object.getOwnPropertyDescriptor(Memory, "from")).toMatchObject({
      writable: true,
      enumerable: true,
      configurable: true,
    });
    expect([Memory.from.name, Memory.from.length]).toEqual(["from", 1]);
  });

  // In a separate process: Jest's realm lacks properties that some versions of Node add to theirs.
  test("is not enumerable if it is [Symbol.dispose], which is close()", async () => {
    const { dispose } = await run("dispose.js");
    expect(dispose).toEqual({ isClose: true, enumerable: false, closes: true });
  });
});

const parsesUsing = (() => {
  try {
    new Function("{ using nothing = null; }");
    return true;
  } catch {
    return false;
  }
})();

const testUsing = parsesUsing ? test : test.skip;

testUsing(
  "a block closes the memory that it declares with `using` (needs an engine with `using`)",
  async () => {
    const { using } = await run("dispose.js");
    expect(using).toEqual({
      inside: PAGE,
      after: "TypeError: Memory.buffer: the memory is closed",
      thrown: "TypeError: Memory.buffer: the memory is closed",
      detached: true,
    });
  },
);
