"use strict";

const { constants } = require("node:buffer");

const {
  Memory,
  PAGE,
  referenceHas,
  testIfReferenceHas,
  testNotInReference,
  expectError,
  pageCount,
  bytesOf,
} = require("../support/subject");

const ADDRESS = "JS API, Memory constructor step 1";
const LIMITS = "JS API, Implementation-defined Limits";

describe("the constructor rejects", () => {
  test("a missing descriptor", () => {
    expectError(() => new Memory(), TypeError, "descriptor", "undefined");
  });

  test.each([
    [undefined, "undefined"],
    [null, "null"],
    [false, "false"],
    [true, "true"],
    ["", '""'],
    ["initial", '"initial"'],
    [1, "1"],
    [NaN, "NaN"],
    [1n, "1n"],
    [Symbol("initial"), "a symbol"],
  ])("the descriptor %p", (descriptor, shown) => {
    expectError(() => new Memory(descriptor), TypeError, "descriptor", shown);
  });

  test.each([
    [{}],
    [{ initial: undefined }],
    [{ maximum: 1 }],
    [{ initial: undefined, maximum: 1, shared: true }],
    [[]],
    [() => {}],
  ])("a descriptor without initial: %p", (descriptor) => {
    expectError(() => new Memory(descriptor), TypeError, "initial", "required");
  });

  test.each([
    [{ initial: 65_537 }, "initial", "65537", "65536"],
    [{ initial: 2 ** 32 - 1 }, "initial", "4294967295", "65536"],
    [{ initial: 65_537, maximum: 65_537 }, "initial", "65537", "65536"],
    [{ initial: 0, maximum: 65_537 }, "maximum", "65537", "65536"],
    [{ initial: 0, maximum: 2 ** 32 - 1 }, "maximum", "4294967295", "65536"],
    [{ initial: 10, maximum: 9 }, "maximum", "9", "10"],
    [{ initial: 1, maximum: 0 }, "maximum", "0", "1"],
  ])("the size of %p", (descriptor, ...parts) => {
    expectError(() => new Memory(descriptor), RangeError, ...parts);
  });

  testIfReferenceHas.each(referenceHas.address, [
    [{ initial: 262_145n }, "initial", "262145n", "262144n"],
    [{ initial: 2n ** 64n - 1n }, "initial", "2^53", "262144n"],
    [{ initial: 0n, maximum: 2n ** 37n }, "maximum", "137438953472n", "137438953471n"],
    [{ initial: 0n, maximum: 2n ** 64n - 1n }, "maximum", "2^53", "137438953471n"],
    [{ initial: 10n, maximum: 9n }, "maximum", "9n", "10n"],
  ])("the size of %p, with 64-bit addresses", LIMITS, (descriptor, ...parts) => {
    expectError(() => new Memory({ address: "i64", ...descriptor }), RangeError, ...parts);
  });

  testIfReferenceHas(
    referenceHas.minimum,
    "both initial and minimum, even if they are equal",
    "js-types proposal, Memory constructor steps 1 to 3",
    () => {
      expectError(() => new Memory({ initial: 1, minimum: 1 }), TypeError, "initial", "minimum");
    },
  );
});

describe("a new memory", () => {
  test.each([0, 1, 4])("has %i pages of zeros", (initial) => {
    const { buffer } = new Memory({ initial });
    expect(buffer.byteLength).toBe(initial * PAGE);
    expect(new BigUint64Array(buffer).every((word) => word === 0n)).toBe(true);
  });

  test("can have 65,536 pages, whose last byte is writable", () => {
    const { buffer } = new Memory({ initial: 65_536 });
    expect(buffer.byteLength).toBe(2 ** 32);
    const last = new Uint8Array(buffer, 2 ** 32 - 1);
    expect([...last]).toEqual([0]);
    last[0] = 7;
    expect(new Uint8Array(buffer, 2 ** 32 - 2)).toEqual(Uint8Array.of(0, 7));
  });

  test.each([
    [{ initial: 0, maximum: 0 }],
    [{ initial: 3, maximum: 3 }],
    [{ initial: 3, maximum: 65_536 }],
    [{ initial: 3, maximum: undefined }],
  ])("has `initial` pages: %p", (descriptor) => {
    expect(pageCount(new Memory(descriptor))).toBe(descriptor.initial);
  });

  testIfReferenceHas.each(referenceHas.address, [
    [{ initial: 0n }, 0],
    [{ initial: 4n }, 4],
    [{ initial: 3n, maximum: 3n }, 3],
    [{ initial: 3n, maximum: undefined }, 3],
    [{ initial: 1n, maximum: 262_144n }, 1],
  ])("has `initial` pages, with 64-bit addresses: %p", ADDRESS, (descriptor, pages) => {
    expect(pageCount(new Memory({ address: "i64", ...descriptor }))).toBe(pages);
  });

  const canView = constants.MAX_LENGTH > 2 ** 32;

  testIfReferenceHas(
    referenceHas.address,
    canView ? "can have more than 4 GiB" : "of more than 4 GiB is a RangeError in this engine",
    `${ADDRESS}; step 7 if allocation fails`,
    () => {
      const create = () => new Memory({ address: "i64", initial: 65_537n });
      if (canView) expect(pageCount(create())).toBe(65_537);
      else expectError(create, RangeError, "65537", `${constants.MAX_LENGTH}`);
    },
  );

  testNotInReference.each([[2n ** 37n - 1n], [262_145n]])(
    "can have a maximum of %p pages",
    LIMITS,
    (maximum) => {
      const memory = new Memory({ address: "i64", initial: 1n, maximum });
      expect(memory.grow(1n)).toBe(1n);
      expect(pageCount(memory)).toBe(2);
    },
  );
});

describe("`minimum`", () => {
  testIfReferenceHas.each(referenceHas.minimum, [
    [{ minimum: 0 }, 0],
    [{ minimum: 4 }, 4],
    [{ minimum: 4, initial: undefined }, 4],
    [{ minimum: undefined, initial: 4 }, 4],
  ])(
    "is another name of `initial`: %p",
    "js-types proposal, Memory constructor steps 1 and 2",
    (descriptor, pages) => {
      expect(pageCount(new Memory(descriptor))).toBe(pages);
    },
  );

  testIfReferenceHas.each(referenceHas.minimum, [
    [{ minimum: 65_537 }, "65537", "65536"],
    [{ minimum: 2, maximum: 1 }, "1", "2"],
  ])(
    "has the limits of `initial`: %p",
    "js-types proposal, Memory constructor steps 2 and 5",
    (descriptor, ...parts) => {
      expectError(() => new Memory(descriptor), RangeError, ...parts);
    },
  );
});

describe("addresses", () => {
  test("have 32 bits by default", () => {
    expect(new Memory({ initial: 2 }).grow(1)).toBe(2);
    expect(new Memory({ address: undefined, initial: 2 }).grow(1)).toBe(2);
  });

  test('have 32 bits with `address: "i32"`', () => {
    expect(new Memory({ address: "i32", initial: 2 }).grow(1)).toBe(2);
  });

  testIfReferenceHas(referenceHas.address, 'have 64 bits with `address: "i64"`', ADDRESS, () => {
    expect(new Memory({ address: "i64", initial: 2n }).grow(1n)).toBe(2n);
  });
});

test.each([[2], ["text"], [null]])("the constructor ignores a second argument %p", (argument) => {
  expect(pageCount(new Memory({ initial: 1 }, argument))).toBe(1);
});

test("memories of the same descriptor share nothing", () => {
  const descriptor = { initial: 1 };
  const [one, other] = [new Memory(descriptor), new Memory(descriptor)];
  expect(one.buffer).not.toBe(other.buffer);
  bytesOf(one).fill(7);
  expect(bytesOf(other).every((byte) => byte === 0)).toBe(true);
  one.grow(1);
  expect(pageCount(other)).toBe(1);
});

test("the constructor does not change its descriptor", () => {
  const descriptor = Object.freeze({ initial: 1, maximum: 2 });
  const memory = new Memory(descriptor);
  memory.grow(1);
  expect(descriptor).toEqual({ initial: 1, maximum: 2 });
  expect(pageCount(new Memory(descriptor))).toBe(1);
});
