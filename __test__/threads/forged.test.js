"use strict";

// Memory.from() throws a TypeError for objects that only look like a token of share(), with no other effect.

const fc = require("fast-check");

const { Memory, features } = require("../..");
const { collectGarbage } = require("../support/gc");
const { makeReserved, makeShared } = require("../support/shared-memories");

const engines = (shared) => new WebAssembly.Memory({ initial: 1, maximum: 2, shared });

function expectRefusal(source, message = /^Memory\.from\(\): expected /) {
  expect(() => Memory.from(source)).toThrow(TypeError);
  expect(() => Memory.from(source)).toThrow(message);
}

test.each([
  ["undefined", undefined],
  ["null", null],
  ["a number", 1],
  ["a string", "memory"],
  ["a symbol", Symbol("memory")],
  ["an empty object", {}],
  ["an array", [1]],
  ["a function", () => {}],
  ["a SharedArrayBuffer", new SharedArrayBuffer(8)],
  ["the buffer of a shared memory", makeShared().buffer],
  ["Memory.prototype", Memory.prototype],
  ["the engine's Memory.prototype", WebAssembly.Memory.prototype],
  ["a proxy of a memory", new Proxy(makeShared(), {})],
  ["a token with an unshared memory", { memory: engines(false) }],
  ["a token with a Memory", { memory: makeShared() }],
  [
    "a token with the prototype of a memory",
    { memory: Object.create(WebAssembly.Memory.prototype) },
  ],
  ["a token with a proxy of an engine memory", { memory: new Proxy(engines(true), {}) }],
  ["a token with an unknown address type", { memory: engines(true), address: "i16" }],
  ["a token with a redundant address type", { memory: engines(true), address: "i32" }],
  ["a token without a buffer", { id: 1, maximum: 10 }],
  ["a token with an object as its buffer", { id: 2 ** 40, maximum: 10, buffer: {} }],
])("Memory.from() rejects %s", (_, source) => expectRefusal(source));

test("Memory.from() rejects tokens whose getters throw, with their error as the cause", () => {
  const thrown = new RangeError("mine");
  const throws = () => {
    throw thrown;
  };
  const getters = ["memory", "address", "id", "maximum", "buffer"].map((name) =>
    Object.defineProperty({}, name, { get: throws }),
  );
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  for (const source of [...getters, new Proxy({ memory: 1 }, { get: throws })]) {
    expectRefusal(source);
    expect(causeOf(source)).toBe(thrown);
  }
  expectRefusal(proxy);
});

function causeOf(source) {
  try {
    return Memory.from(source);
  } catch (error) {
    return error.cause;
  }
}

test("Memory.from() reads each member once, so that it cannot change in between", () => {
  let reads = 0;
  const source = {
    get memory() {
      return reads++ === 0 ? engines(true) : {};
    },
  };
  expect(Memory.from(source).buffer.byteLength).toBe(65_536);
  expectRefusal(source);
});

test("Memory.from() rejects the id of an unshared memory, with any buffer", () => {
  const memory = new Memory({ initial: 1 });
  const { buffer } = memory;
  new Uint8Array(buffer)[0] = 7;
  const buffers = [buffer, makeShared().buffer, new SharedArrayBuffer(65_536)];
  // One of them is its id: fewer memories than that have been created.
  for (let id = 0; id < 1000; id++) {
    for (const shown of buffers) {
      expect(() => Memory.from({ id, maximum: 10, buffer: shown })).toThrow(TypeError);
    }
  }
  expect(memory.buffer).toBe(buffer);
  expect(new Uint8Array(buffer)[0]).toBe(7);
});

test("Memory.from() rejects tokens with random members", () => {
  const anything = fc.oneof(
    fc.anything({ withBigInt: true, withTypedArray: true, withMap: true }),
    fc.double(),
    fc.maxSafeInteger(),
    fc.constantFrom("i32", "i64", new SharedArrayBuffer(8), new ArrayBuffer(8), engines(false)),
  );
  const token = fc.record(
    { memory: anything, address: anything, id: anything, maximum: anything, buffer: anything },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(token, (source) => expectRefusal(source, /^Memory\.from\(\): /)),
    { numRuns: 500 },
  );
});

const describeReserved = features.externalSharedBuffers ? describe : describe.skip;

describeReserved(
  "Memory.from() of a token of a reserved memory (needs shared reserved pages)",
  () => {
    test.each([
      ["without a buffer", (token) => ({ ...token, buffer: undefined })],
      [
        "with the buffer of another memory",
        (token) => ({ ...token, buffer: makeReserved().buffer }),
      ],
      [
        "with a buffer of no memory",
        (token) => ({ ...token, buffer: new SharedArrayBuffer(65_536) }),
      ],
      ["with an unshared buffer", (token) => ({ ...token, buffer: new ArrayBuffer(65_536) })],
      ["with an id that is not a number", (token) => ({ ...token, id: `${token.id}` })],
      ["without a maximum", (token) => ({ ...token, maximum: undefined })],
      ["with a maximum that is not a whole number", (token) => ({ ...token, maximum: 1.5 })],
      ["with a maximum beyond all limits", (token) => ({ ...token, maximum: 2 ** 37 })],
    ])("rejects it %s", (_, forge) => {
      const memory = makeReserved();
      expectRefusal(forge(memory.share()));
      expect(Memory.from(memory.share())).toBe(memory);
    });

    test("rejects it with the id of a collected memory", async () => {
      const idOfDropped = () => makeReserved().share().id;
      const id = idOfDropped();
      const token = { ...makeReserved().share(), id };
      await collectGarbage();
      expectRefusal(token, /^Memory\.from\(\): the memory was released with its last buffer$/);
    });
  },
);
