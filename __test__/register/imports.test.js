"use strict";

// Memories of reserved pages as imports of modules, with linear-memory/register.

const { Memory, features } = require("../..");
const { register } = require("../../lib/register/register");
const { IMPORTER, EXPORTER, instantiate } = require("../support/importing-module");
const { compile, toBinary } = require("../support/wat");

const PAGE = 65_536;

let undo;

beforeEach(() => {
  undo = register();
});

afterEach(() => undo());

const bytesOf = (memory) => new Uint8Array(memory.buffer);

/** Creates a memory while nothing is registered, so that its pages are reserved. */
function makeReserved(descriptor, options) {
  undo();
  const memory = new Memory(descriptor, options);
  undo = register();
  return memory;
}

describe("a memory of reserved pages", () => {
  const WAYS = [
    [
      "new Instance",
      async (bytes, imports) => new WebAssembly.Instance(new WebAssembly.Module(bytes), imports),
    ],
    [
      "instantiate(), of a module",
      (bytes, imports) => WebAssembly.instantiate(new WebAssembly.Module(bytes), imports),
    ],
    [
      "instantiate(), of bytes",
      async (bytes, imports) => (await WebAssembly.instantiate(bytes, imports)).instance,
    ],
    [
      "instantiateStreaming()",
      async (bytes, imports) => {
        const headers = { "content-type": "application/wasm" };
        const response = new Response(bytes, { headers });
        return (await WebAssembly.instantiateStreaming(response, imports)).instance;
      },
    ],
  ];

  describe.each(WAYS)("in the imports of %s", (_, way) => {
    test.each([
      ["plain objects", (b) => ({ a: { b } })],
      ["frozen objects", (b) => Object.freeze({ a: Object.freeze({ b }) })],
      [
        "getters",
        (b) => ({
          get a() {
            return {
              get b() {
                return b;
              },
            };
          },
        }),
      ],
      ["prototypes", (b) => Object.create({ a: Object.create({ b }) })],
      [
        "properties of functions",
        (b) => Object.assign(() => {}, { a: Object.assign(() => {}, { b }) }),
      ],
    ])("is imported from %s, with its bytes", async (_, importsOf) => {
      const memory = makeReserved({ initial: 2, maximum: 9 });
      bytesOf(memory)[PAGE] = 42;
      const { exports } = await way(await toBinary(IMPORTER("2 9")), importsOf(memory));
      expect(exports.load(PAGE)).toBe(42);
      bytesOf(memory)[PAGE + 1] = 43;
      expect(exports.load(PAGE + 1)).toBe(43);
      expect(exports.m).toBe(memory.toWebAssembly());
      expect(Memory.from(exports.m)).toBe(memory);
    });

    test("is rejected with the error of toWebAssembly(), and is unchanged", async () => {
      const maximum = 2n ** 37n - 1n;
      const memory = makeReserved({ initial: 1n, maximum, address: "i64" });
      const { buffer } = memory;
      const attempt = way(await toBinary(IMPORTER("1")), { a: { b: memory } });
      await expect(attempt).rejects.toThrow(TypeError);
      await expect(attempt).rejects.toThrow(/^Memory\.toWebAssembly\(\)/);
      expect(memory.buffer).toBe(buffer);
    });
  });

  const testHuge = features.hugePages ? test : test.skip;
  testHuge(
    "is created for the option `hugePages`, and moves when it is imported (needs huge pages)",
    async () => {
      const memory = new WebAssembly.Memory({ initial: 1 }, { hugePages: true });
      expect(Object.getPrototypeOf(memory)).toBe(Memory.prototype);
      bytesOf(memory)[3] = 33;
      const { load, m } = await instantiate(memory);
      expect(load(3)).toBe(33);
      expect(m).not.toBe(memory);
    },
  );

  test("is imported as the engine memory that it adopted", async () => {
    const { m } = new WebAssembly.Instance(await compile(EXPORTER)).exports;
    expect((await instantiate(Memory.from(m))).m).toBe(m);
  });
});
