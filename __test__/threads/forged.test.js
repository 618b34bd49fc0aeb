"use strict";

// What only looks like what `share()` returned: a TypeError, whatever it is, and nothing else happens.

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
  ["nothing", undefined],
  ["null", null],
  ["a number", 1],
  ["a string", "memory"],
  ["a symbol", Symbol("memory")],
  ["an empty object", {}],
  ["an array", [1]],
  ["a function", () => {}],
  ["a SharedArrayBuffer", new SharedArrayBuffer(8)],
  ["the buffer of a shared memory", makeShared().buffer],
  ["a prototype", Memory.prototype],
  ["the engine's prototype", WebAssembly.Memory.prototype],
  ["a proxy of a memory", new Proxy(makeShared(), {})],
  ["an unshared memory in it", { memory: engines(false) }],
  ["a Memory in it", { memory: makeShared() }],
  ["what is called a memory", { memory: Object.create(WebAssembly.Memory.prototype) }],
  ["a proxy of the engine's memory", { memory: new Proxy(engines(true), {}) }],
  ["an address type that there is none of", { memory: engines(true), address: "i16" }],
  ["an address type that the engine would know", { memory: engines(true), address: "i32" }],
  ["numbers and nothing else", { id: 1, maximum: 10 }],
  ["a buffer of no memory", { id: 2 ** 40, maximum: 10, buffer: {} }],
])("%s", (_, source) => expectRefusal(source));

test("what throws when it is read, with what it threw as the cause", () => {
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

test("what changes while it is read", () => {
  let reads = 0;
  const source = {
    get memory() {
      return reads++ === 0 ? engines(true) : {};
    },
  };
  expect(Memory.from(source).buffer.byteLength).toBe(65_536);
  expectRefusal(source);
});

test("the number of an unshared memory, with any buffer", () => {
  const memory = new Memory({ initial: 1 });
  const { buffer } = memory;
  new Uint8Array(buffer)[0] = 7;
  const buffers = [buffer, makeShared().buffer, new SharedArrayBuffer(65_536)];
  // Whatever its number is: these are more than there have been memories.
  for (let id = 0; id < 1000; id++) {
    for (const shown of buffers) {
      expect(() => Memory.from({ id, maximum: 10, buffer: shown })).toThrow(TypeError);
    }
  }
  expect(memory.buffer).toBe(buffer);
  expect(new Uint8Array(buffer)[0]).toBe(7);
});

test("any members at all", () => {
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

describeReserved("of memories that are reserved (needs shared buffers over pages of ours)", () => {
  test.each([
    ["no buffer", (token) => ({ ...token, buffer: undefined })],
    ["the buffer of another", (token) => ({ ...token, buffer: makeReserved().buffer })],
    ["a buffer of no memory", (token) => ({ ...token, buffer: new SharedArrayBuffer(65_536) })],
    ["an unshared buffer", (token) => ({ ...token, buffer: new ArrayBuffer(65_536) })],
    ["a number that is none", (token) => ({ ...token, id: `${token.id}` })],
    ["no maximum", (token) => ({ ...token, maximum: undefined })],
    ["a maximum that is no number of pages", (token) => ({ ...token, maximum: 1.5 })],
    ["a maximum beyond all limits", (token) => ({ ...token, maximum: 2 ** 37 })],
  ])("%s", (_, forge) => {
    const memory = makeReserved();
    expectRefusal(forge(memory.share()));
    expect(Memory.from(memory.share())).toBe(memory);
  });

  test("the number of one that is gone", async () => {
    const numberOfDropped = () => makeReserved().share().id;
    const id = numberOfDropped();
    const token = { ...makeReserved().share(), id };
    await collectGarbage();
    expectRefusal(token, /^Memory\.from\(\): the memory is gone$/);
  });
});
