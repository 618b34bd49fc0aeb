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

describe("Memory throws a TypeError for", () => {
  test.each([
    ["no arguments", []],
    ["a descriptor", [{ initial: 0 }]],
    ["null", [null]],
  ])("a call without `new`, with %s", (_, args) => {
    expect(() => Memory(...args)).toThrow(TypeError);
    expect(() => Memory.apply(Object.create(Memory.prototype), args)).toThrow(TypeError);
  });

  test("a call without `new`, before it reads the descriptor", () => {
    const descriptor = {
      get initial() {
        throw new Error("read");
      },
    };
    expect(() => Memory(descriptor)).toThrow(TypeError);
  });

  // With names, since Jest would read the buffers of some values to print them.
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
    ["an object with the prototype", Object.create(Memory.prototype)],
    ["an object that inherits from a memory", Object.create(new Memory({ initial: 0 }))],
    ["a proxy of a memory", new Proxy(new Memory({ initial: 0 }), {})],
    ["a table", new WebAssembly.Table({ initial: 0, element: "anyfunc" })],
    ...(WebAssembly.Memory === Memory
      ? []
      : [["an engine memory", new WebAssembly.Memory({ initial: 0 })]]),
  ];

  test.each(receivers)("the getter of `buffer` on %s", (_, receiver) => {
    expectError(() => Reflect.apply(getBuffer, receiver, []), TypeError, "Memory.buffer");
  });

  test.each(receivers)("grow() on %s, before it converts the argument", (_, receiver) => {
    const convert = jest.fn(() => 0);
    const delta = { [Symbol.toPrimitive]: convert };
    expectError(() => Reflect.apply(grow, receiver, [delta]), TypeError, "Memory.grow()");
    expect(convert).not.toHaveBeenCalled();
  });

  testIfReferenceHas.each(referenceHas.type, receivers)("type() on %s", TYPE, (_, receiver) => {
    expectError(() => Reflect.apply(type, receiver, []), TypeError, "Memory.type()");
  });

  test("`Memory.prototype.buffer`", () => {
    expectError(() => Memory.prototype.buffer, TypeError, "Memory.buffer");
  });

  test("`new` on a non-constructor", () => {
    expect(() => new grow(0)).toThrow(TypeError);
    expect(() => new getBuffer()).toThrow(TypeError);
  });

  testIfReferenceHas(referenceHas.type, "`new` on type()", TYPE, () => {
    expect(() => new type()).toThrow(TypeError);
  });

  test("replacement of `Memory.prototype`", () => {
    expect(Reflect.set(Memory, "prototype", {})).toBe(false);
    expect(Reflect.deleteProperty(Memory, "prototype")).toBe(false);
  });
});

describe("the class", () => {
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

describe("the prototype", () => {
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

  testIfReferenceHas(referenceHas.type, "has type()", TYPE, () => {
    expect(Object.getOwnPropertyDescriptor(Memory.prototype, "type")).toStrictEqual({
      value: type,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  });
});

describe("functions of the interface:", () => {
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

  test("the getter of `buffer` has its name and length", () => {
    expectFunction(getBuffer, "get buffer", 0);
  });

  test("grow() has its name and length", () => {
    expectFunction(grow, "grow", 1);
  });

  testIfReferenceHas(referenceHas.type, "type() has its name and length", TYPE, () => {
    expectFunction(type, "type", 0);
  });

  test("each works on any memory, and ignores extra arguments", () => {
    const memory = new Memory({ initial: 1 });
    expect(Reflect.apply(getBuffer, memory, [{}])).toBe(memory.buffer);
    expect(Reflect.apply(grow, memory, [1, {}])).toBe(1);
    expect(pageCount(memory)).toBe(2);
  });
});

describe("an instance", () => {
  test("has the prototype, is extensible, and has no own properties", () => {
    const memory = new Memory({ initial: 0 });
    expect(Object.getPrototypeOf(memory)).toBe(Memory.prototype);
    expect(memory).toBeInstanceOf(Memory);
    expect(memory.constructor).toBe(Memory);
    expect(Object.isExtensible(memory)).toBe(true);
    expect(Reflect.ownKeys(memory)).toEqual([]);
  });

  test("can get properties, and lose them", () => {
    const memory = new Memory({ initial: 0 });
    memory.note = "mine";
    expect(Object.keys(memory)).toEqual(["note"]);
    delete memory.note;
    expect(Object.keys(memory)).toEqual([]);
  });

  test("works frozen and with another prototype", () => {
    const memory = Object.freeze(Object.setPrototypeOf(new Memory({ initial: 1 }), null));
    expect(Reflect.apply(grow, memory, [1])).toBe(1);
    expect(Reflect.apply(getBuffer, memory, []).byteLength).toBe(2 * 65_536);
  });
});

test.each([
  ["an unshared memory", new Memory({ initial: 0 })],
  ["a shared memory", new Memory({ initial: 0, maximum: 0, shared: true })],
  ["the prototype", Memory.prototype],
])("%s has the string tag WebAssembly.Memory", (_, value) => {
  expect(Object.prototype.toString.call(value)).toBe("[object WebAssembly.Memory]");
  expect(`${value}`).toBe("[object WebAssembly.Memory]");
});

describe("a subclass", () => {
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

  test("throws as the class does", () => {
    expectError(() => new Heap(-1), TypeError, "initial", "-1");
    expectError(() => new Heap(5), RangeError, "maximum", "4", "5");
    expect(() => Heap(1)).toThrow(TypeError);
  });

  test("has the members of the class, and its own", () => {
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

  test("can override `buffer` without an effect on grow()", () => {
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

  test("of Reflect.construct() gives the instance its prototype", () => {
    const memory = Reflect.construct(Memory, [{ initial: 1 }], Array);
    expect(Object.getPrototypeOf(memory)).toBe(Array.prototype);
    expect(Reflect.apply(grow, memory, [1])).toBe(1);
  });
});
