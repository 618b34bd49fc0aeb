"use strict";

const {
  Memory,
  referenceHas,
  testIfReferenceHas,
  testNotInReference,
  expectError,
  pageCount,
} = require("../support/subject");

const TYPE = "js-types proposal, type()";
const MINIMUM = "js-types proposal, Memory constructor steps 1 to 3";
const VALUES_64 = "js-types proposal, type(), with the JS API's U64ToAddressValue";

const type = { minimum: 1, shared: false, address: "i32" };
const type64 = { minimum: 1n, shared: false, address: "i64" };

describe("TypeErrors:", () => {
  testIfReferenceHas.each(referenceHas.type, [undefined, null, 1, {}, type])(
    "type() throws for the receiver %p",
    TYPE,
    (receiver) => {
      expectError(() => Memory.prototype.type.call(receiver), TypeError, "Memory.type()");
    },
  );

  testIfReferenceHas(
    referenceHas.type,
    "the constructor throws for the result of type() with an added `initial`",
    MINIMUM,
    () => {
      const descriptor = { ...new Memory({ initial: 1 }).type(), initial: 1 };
      expectError(() => new Memory(descriptor), TypeError, "initial", "minimum");
    },
  );
});

testIfReferenceHas.each(referenceHas.type, [
  [{ initial: 1 }, type],
  [{ initial: 0 }, { ...type, minimum: 0 }],
  [{ initial: 1, maximum: undefined }, type],
  [
    { initial: 1, maximum: 1 },
    { ...type, maximum: 1 },
  ],
  [
    { initial: 0, maximum: 0 },
    { ...type, minimum: 0, maximum: 0 },
  ],
  [
    { initial: 1, maximum: 65_536 },
    { ...type, maximum: 65_536 },
  ],
  [
    { initial: 1, maximum: 4, shared: false },
    { ...type, maximum: 4 },
  ],
  [
    { initial: 1, maximum: 4, shared: true },
    { ...type, maximum: 4, shared: true },
  ],
  [
    { initial: 0, maximum: 0, shared: true },
    { ...type, minimum: 0, maximum: 0, shared: true },
  ],
  [{ initial: 1, address: "i32" }, type],
  [
    { initial: "1", maximum: 4.9, shared: "yes" },
    { ...type, maximum: 4, shared: true },
  ],
])("type() returns the type of %p", TYPE, (descriptor, expected) => {
  expect(new Memory(descriptor).type()).toStrictEqual(expected);
});

testNotInReference.each([
  [{ initial: 1n }, type64],
  [{ initial: 1n, maximum: undefined }, type64],
  [
    { initial: 1n, maximum: 4n },
    { ...type64, maximum: 4n },
  ],
  [
    { initial: 1n, maximum: 2n ** 37n - 1n },
    { ...type64, maximum: 2n ** 37n - 1n },
  ],
  [
    { initial: 1n, maximum: 4n, shared: true },
    { ...type64, maximum: 4n, shared: true },
  ],
])("type() returns the type of %p, with 64-bit addresses", VALUES_64, (descriptor, expected) => {
  expect(new Memory({ address: "i64", ...descriptor }).type()).toStrictEqual(expected);
});

describe("the result of type()", () => {
  testIfReferenceHas.each(referenceHas.type, [
    [{ initial: 1 }, ["minimum", "shared", "address"]],
    [{ initial: 1, maximum: 2 }, ["minimum", "maximum", "shared", "address"]],
    [{ initial: 1, maximum: 2, shared: true }, ["minimum", "maximum", "shared", "address"]],
  ])("has its keys in the engines' order: %p", TYPE, (descriptor, keys) => {
    expect(Reflect.ownKeys(new Memory(descriptor).type())).toEqual(keys);
  });

  testIfReferenceHas(
    referenceHas.type,
    "is a new ordinary object with ordinary properties",
    TYPE,
    () => {
      const memory = new Memory({ initial: 1, maximum: 2 });
      const found = memory.type();
      expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
      expect(Object.isExtensible(found)).toBe(true);
      for (const [key, value] of Object.entries({ ...type, maximum: 2 })) {
        expect(Object.getOwnPropertyDescriptor(found, key)).toEqual({
          value,
          writable: true,
          enumerable: true,
          configurable: true,
        });
      }
      expect(memory.type()).not.toBe(found);
    },
  );

  testIfReferenceHas(referenceHas.type, "can be changed without effect on the memory", TYPE, () => {
    const memory = new Memory({ initial: 1, maximum: 2 });
    Object.assign(memory.type(), { minimum: 9, maximum: 1, shared: true, address: "i64" });
    expect(memory.type()).toStrictEqual({ ...type, maximum: 2 });
    expect(memory.grow(1)).toBe(1);
  });
});

describe("type() after grow()", () => {
  testIfReferenceHas.each(referenceHas.type, [
    [{ initial: 0 }, [2, 0, 1], { ...type, minimum: 3 }],
    [{ initial: 1, maximum: 4 }, [1, 2], { ...type, minimum: 4, maximum: 4 }],
    [
      { initial: 1, maximum: 4, shared: true },
      [1, 1],
      { ...type, minimum: 3, maximum: 4, shared: true },
    ],
  ])("returns the size as the minimum: %p and %p more", TYPE, (descriptor, deltas, expected) => {
    const memory = new Memory(descriptor);
    for (const delta of deltas) memory.grow(delta);
    expect(memory.type()).toStrictEqual(expected);
  });

  testIfReferenceHas(referenceHas.type, "that throws is unchanged", TYPE, () => {
    const memory = new Memory({ initial: 1, maximum: 2 });
    expectError(() => memory.grow(2), RangeError, "grow()");
    expect(memory.type()).toStrictEqual({ ...type, maximum: 2 });
  });

  testNotInReference("returns the size as the minimum, with 64-bit addresses", VALUES_64, () => {
    const memory = new Memory({ address: "i64", initial: 1n, maximum: 4n });
    memory.grow(2n);
    expect(memory.type()).toStrictEqual({ ...type64, minimum: 3n, maximum: 4n });
  });
});

describe("the result of type() is a descriptor of a memory of the same type:", () => {
  testIfReferenceHas.each(referenceHas.type && referenceHas.minimum, [
    [{ initial: 0 }],
    [{ initial: 2 }],
    [{ initial: 2, maximum: 3 }],
    [{ initial: 2, maximum: 3, shared: true }],
  ])("%p", MINIMUM, (descriptor) => {
    const memory = new Memory(descriptor);
    const copy = new Memory(memory.type());
    expect(copy.type()).toStrictEqual(memory.type());
    expect(pageCount(copy)).toBe(descriptor.initial);
    expect(copy.buffer).not.toBe(memory.buffer);
  });

  testNotInReference.each([
    [{ initial: 2n }],
    [{ initial: 2n, maximum: 3n }],
    [{ initial: 2n, maximum: 2n ** 37n - 1n }],
    [{ initial: 2n, maximum: 3n, shared: true }],
  ])("%p, with 64-bit addresses", VALUES_64, (descriptor) => {
    const memory = new Memory({ address: "i64", ...descriptor });
    const copy = new Memory(memory.type());
    expect(copy.type()).toStrictEqual(memory.type());
    expect(copy.grow(1n)).toBe(2n);
  });

  testIfReferenceHas(
    referenceHas.type && referenceHas.minimum,
    "after grow(), of the same size",
    MINIMUM,
    () => {
      const memory = new Memory({ initial: 1, maximum: 4 });
      memory.grow(2);
      expect(pageCount(new Memory(memory.type()))).toBe(3);
    },
  );
});
