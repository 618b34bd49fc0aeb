"use strict";

const {
  Memory,
  referenceHas,
  testIfReferenceHas,
  expectError,
  pageCount,
} = require("../support/subject");

const TYPE = "js-types proposal, Memory interface";

const { get: getBuffer } = Object.getOwnPropertyDescriptor(Memory.prototype, "buffer");
const { grow, type } = Memory.prototype;

describe("refused:", () => {
  test.each([
    ["nothing", []],
    ["a descriptor", [{ initial: 0 }]],
    ["null", [null]],
  ])("calling the class without new, with %s", (_, args) => {
    expect(() => Memory(...args)).toThrow(TypeError);
    expect(() => Memory.apply(Object.create(Memory.prototype), args)).toThrow(TypeError);
  });

  test("reading the descriptor without new", () => {
    const descriptor = {
      get initial() {
        throw new Error("read");
      },
    };
    expect(() => Memory(descriptor)).toThrow(TypeError);
  });

  // With names: Jest would read the buffers of some to print them.
  const receivers = [
    ["undefined", undefined],
    ["null", null],
    ["true", true],
    ["1", 1],
    ["1n", 1n],
    ["a string", ""],
    ["a symbol", Symbol("memory")],
    ["an object", {}],
    ["a function", () => {}],
    ["an ArrayBuffer", new ArrayBuffer(0)],
    ["the class", Memory],
    ["the prototype", Memory.prototype],
    ["what has the prototype", Object.create(Memory.prototype)],
    ["what inherits from a memory", Object.create(new Memory({ initial: 0 }))],
    ["a proxy of a memory", new Proxy(new Memory({ initial: 0 }), {})],
    ["a table", new WebAssembly.Table({ initial: 0, element: "anyfunc" })],
    ...(WebAssembly.Memory === Memory
      ? []
      : [["an engine's memory", new WebAssembly.Memory({ initial: 0 })]]),
  ];

  test.each(receivers)("the buffer of %s", (_, receiver) => {
    expectError(() => Reflect.apply(getBuffer, receiver, []), TypeError, "Memory.buffer");
  });

  test.each(receivers)("growing %s, the argument is not looked at", (_, receiver) => {
    const look = jest.fn(() => 0);
    const delta = { [Symbol.toPrimitive]: look };
    expectError(() => Reflect.apply(grow, receiver, [delta]), TypeError, "Memory.grow()");
    expect(look).not.toHaveBeenCalled();
  });

  testIfReferenceHas.each(referenceHas.type, receivers)("the type of %s", TYPE, (_, receiver) => {
    expectError(() => Reflect.apply(type, receiver, []), TypeError, "Memory.type()");
  });

  test("the buffer of the prototype, read", () => {
    expectError(() => Memory.prototype.buffer, TypeError, "Memory.buffer");
  });

  test("new of what is no class", () => {
    expect(() => new grow(0)).toThrow(TypeError);
    expect(() => new getBuffer()).toThrow(TypeError);
  });

  testIfReferenceHas(referenceHas.type, "new of type()", TYPE, () => {
    expect(() => new type()).toThrow(TypeError);
  });

  test("replacing the prototype", () => {
    expect(Reflect.set(Memory, "prototype", {})).toBe(false);
    expect(Reflect.deleteProperty(Memory, "prototype")).toBe(false);
  });
});

describe("the class:", () => {
  test("is a function", () => {
    expect(typeof Memory).toBe("function");
    expect(Object.getPrototypeOf(Memory)).toBe(Function.prototype);
  });

  test.each([
    ["name", { value: "Memory", writable: false, enumerable: false, configurable: true }],
    ["length", { value: 1, writable: false, enumerable: false, configurable: true }],
    [
      "prototype",
      { value: Memory.prototype, writable: false, enumerable: false, configurable: false },
    ],
  ])("has a %s", (key, descriptor) => {
    expect(Object.getOwnPropertyDescriptor(Memory, key)).toStrictEqual(descriptor);
  });
});

describe("the prototype:", () => {
  test("is an ordinary object", () => {
    expect(typeof Memory.prototype).toBe("object");
    expect(Object.getPrototypeOf(Memory.prototype)).toBe(Object.prototype);
    expect(Object.isExtensible(Memory.prototype)).toBe(true);
  });

  test.each([
    ["constructor", { value: Memory, writable: true, enumerable: false, configurable: true }],
    ["grow", { value: grow, writable: true, enumerable: true, configurable: true }],
    ["buffer", { get: getBuffer, set: undefined, enumerable: true, configurable: true }],
    [
      Symbol.toStringTag,
      { value: "WebAssembly.Memory", writable: false, enumerable: false, configurable: true },
    ],
  ])("has %p", (key, descriptor) => {
    expect(Object.getOwnPropertyDescriptor(Memory.prototype, key)).toStrictEqual(descriptor);
  });

  testIfReferenceHas(referenceHas.type, "has type", TYPE, () => {
    expect(Object.getOwnPropertyDescriptor(Memory.prototype, "type")).toStrictEqual({
      value: type,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  });
});

describe("functions:", () => {
  function expectFunction(member, name, length) {
    expect(typeof member).toBe("function");
    expect(Object.getPrototypeOf(member)).toBe(Function.prototype);
    for (const [key, value] of Object.entries({ name, length })) {
      expect(Object.getOwnPropertyDescriptor(member, key)).toStrictEqual({
        value,
        writable: false,
        enumerable: false,
        configurable: true,
      });
    }
    expect(Object.hasOwn(member, "prototype")).toBe(false);
  }

  test("the getter of buffer", () => {
    expectFunction(getBuffer, "get buffer", 0);
  });

  test("grow", () => {
    expectFunction(grow, "grow", 1);
  });

  testIfReferenceHas(referenceHas.type, "type", TYPE, () => {
    expectFunction(type, "type", 0);
  });

  test("can be called on any memory, with more arguments than they take", () => {
    const memory = new Memory({ initial: 1 });
    expect(Reflect.apply(getBuffer, memory, [{}])).toBe(memory.buffer);
    expect(Reflect.apply(grow, memory, [1, {}])).toBe(1);
    expect(pageCount(memory)).toBe(2);
  });
});

describe("an instance:", () => {
  test("has the prototype, is extensible, and has nothing of its own", () => {
    const memory = new Memory({ initial: 0 });
    expect(Object.getPrototypeOf(memory)).toBe(Memory.prototype);
    expect(memory).toBeInstanceOf(Memory);
    expect(memory.constructor).toBe(Memory);
    expect(Object.isExtensible(memory)).toBe(true);
    expect(Reflect.ownKeys(memory)).toEqual([]);
  });

  test("takes properties, and loses them", () => {
    const memory = new Memory({ initial: 0 });
    memory.note = "mine";
    expect(Object.keys(memory)).toEqual(["note"]);
    delete memory.note;
    expect(Object.keys(memory)).toEqual([]);
  });

  test("works frozen, and under another prototype", () => {
    const memory = Object.freeze(Object.setPrototypeOf(new Memory({ initial: 1 }), null));
    expect(Reflect.apply(grow, memory, [1])).toBe(1);
    expect(Reflect.apply(getBuffer, memory, []).byteLength).toBe(2 * 65_536);
  });

  test.each([
    ["an instance", new Memory({ initial: 0 })],
    ["a shared one", new Memory({ initial: 0, maximum: 0, shared: true })],
    ["the prototype", Memory.prototype],
  ])("%s is written as WebAssembly.Memory", (_, value) => {
    expect(Object.prototype.toString.call(value)).toBe("[object WebAssembly.Memory]");
    expect(`${value}`).toBe("[object WebAssembly.Memory]");
  });
});

describe("subclasses:", () => {
  class Heap extends Memory {
    constructor(pages) {
      super({ initial: pages, maximum: 4 });
      this.limit = 4;
    }

    get pages() {
      return pageCount(this);
    }

    grow(delta) {
      return super.grow(2 * delta);
    }
  }

  test("refuse what the class refuses", () => {
    expectError(() => new Heap(-1), TypeError, "initial", "-1");
    expectError(() => new Heap(5), RangeError, "maximum", "4", "5");
    expect(() => Heap(1)).toThrow(TypeError);
  });

  test("have the class's members, and their own", () => {
    const heap = new Heap(1);
    expect(Object.getPrototypeOf(heap)).toBe(Heap.prototype);
    expect(heap).toBeInstanceOf(Memory);
    expect([heap.pages, heap.limit]).toEqual([1, 4]);
    expect(heap.grow(1)).toBe(1);
    expect(heap.pages).toBe(3);
    expect(Reflect.apply(grow, heap, [1])).toBe(3);
    expectError(() => heap.grow(1), RangeError, "4 ", "2 ");
    expect(`${heap}`).toBe("[object WebAssembly.Memory]");
  });

  test("can hide the buffer without misleading the class", () => {
    class Hidden extends Memory {
      get buffer() {
        return undefined;
      }
    }
    const memory = new Hidden({ initial: 1 });
    expect(memory.buffer).toBeUndefined();
    expect([memory.grow(1), memory.grow(1)]).toEqual([1, 2]);
    expect(Reflect.apply(getBuffer, memory, []).byteLength).toBe(3 * 65_536);
  });

  test("Reflect.construct() gives the prototype of the new target", () => {
    const memory = Reflect.construct(Memory, [{ initial: 1 }], Array);
    expect(Object.getPrototypeOf(memory)).toBe(Array.prototype);
    expect(Reflect.apply(grow, memory, [1])).toBe(1);
  });
});
