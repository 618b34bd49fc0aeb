"use strict";

const {
  Memory,
  referenceHas,
  testIfReferenceHas,
  testNotInReference,
  expectError,
  pageCount,
} = require("../support/subject");
const { invalidU32 } = require("../support/invalid-u32");
const { thrownBy } = require("../support/thrown");

const ADDRESS = "JS API, Memory constructor step 1";
const ENFORCE_RANGE = "WebIDL 3.2.4.9, ConvertToInt step 6";
const TO_BIGINT = "JS API, AddressValueToU64 step 2";
const ENUMERATION = "WebIDL 3.2.18, enumeration types";
const DICTIONARY = "WebIDL 3.2.17, dictionary types";
const MINIMUM = "js-types proposal, Memory constructor step 2";

const U32_MAX = "4294967295";
const U64_MAX = "18446744073709551615n";

/** Returns the maximum of a memory, found by growing it, since some engines lack type(). */
function maximumOf(memory) {
  let pages = pageCount(memory);
  for (const one = typeof memory.grow(false) === "bigint" ? 1n : 1; ; pages++) {
    try {
      memory.grow(one);
    } catch {
      return pages;
    }
  }
}

const noPrimitive = Object.create(null);
const toObject = { [Symbol.toPrimitive]: () => ({}) };

describe("the constructor rejects as a number of 32-bit pages", () => {
  const descriptors = [
    ["initial", (value) => ({ initial: value })],
    ["maximum", (value) => ({ initial: 0, maximum: value })],
  ];

  const notNumbers = [
    [1n, "1n"],
    [Symbol("pages"), "a symbol"],
    [Object(1n), "1n"],
    [{ valueOf: () => Symbol("pages") }, "a symbol"],
    [noPrimitive, "cannot convert the object to a number"],
    [toObject, "cannot convert the object to a number"],
  ];

  describe.each(descriptors)("%s", (member, describing) => {
    test.each(invalidU32)("%p", (value, shown) => {
      expectError(() => new Memory(describing(value)), TypeError, member, shown, U32_MAX);
    });

    test.each(notNumbers)("%p", (value, shown) => {
      expectError(() => new Memory(describing(value)), TypeError, member, shown);
    });

    test("an object whose Symbol.toPrimitive is not a function", () => {
      expectError(() => new Memory(describing({ [Symbol.toPrimitive]: 1 })), TypeError);
    });
  });

  testIfReferenceHas.each(referenceHas.minimum, invalidU32)(
    "minimum %p",
    MINIMUM,
    (minimum, shown) => {
      expectError(() => new Memory({ minimum }), TypeError, "minimum", shown, U32_MAX);
    },
  );

  testIfReferenceHas.each(referenceHas.minimum, notNumbers)(
    "minimum %p",
    MINIMUM,
    (minimum, shown) => {
      expectError(() => new Memory({ minimum }), TypeError, "minimum", shown);
    },
  );
});

describe("the constructor rejects as a number of 64-bit pages", () => {
  const descriptors = [
    ["initial", (value) => ({ address: "i64", initial: value })],
    ["maximum", (value) => ({ address: "i64", initial: 0n, maximum: value })],
  ];

  describe.each(descriptors)("%s", (member, describing) => {
    testIfReferenceHas.each(referenceHas.address, [
      [0, "0"],
      [1, "1"],
      [1.5, "1.5"],
      [NaN, "NaN"],
      [null, "null"],
      [Symbol("pages"), "a symbol"],
      [Object(1), "1"],
      [{ valueOf: () => null }, "null"],
      [{ valueOf: () => undefined }, "undefined"],
      [noPrimitive, "cannot convert the object to a number"],
      [toObject, "cannot convert the object to a number"],
    ])("%p", TO_BIGINT, (value, shown) => {
      expectError(() => new Memory(describing(value)), TypeError, member, shown);
    });

    testIfReferenceHas.each(referenceHas.address, ["x", "1.5", "3n", "1e1", "0x", "-0x1", {}])(
      "%p, which is not the syntax of a BigInt",
      TO_BIGINT,
      (value) => {
        expectError(() => new Memory(describing(value)), SyntaxError, String(value));
      },
    );

    testIfReferenceHas.each(referenceHas.address, [
      [-1n, "-1n"],
      [2n ** 64n, "18446744073709551616n"],
      ["-1", "-1n"],
      ["0x10000000000000000", "18446744073709551616n"],
      [{ valueOf: () => -1n }, "-1n"],
    ])("%p, out of range", TO_BIGINT, (value, shown) => {
      expectError(() => new Memory(describing(value)), TypeError, member, shown, U64_MAX);
    });
  });

  testIfReferenceHas(referenceHas.address, "initial undefined", DICTIONARY, () => {
    const descriptor = { address: "i64", initial: undefined };
    expectError(() => new Memory(descriptor), TypeError, "initial", "required");
  });
});

describe("the constructor rejects as an address type", () => {
  testIfReferenceHas.each(referenceHas.address, [
    ["none", '"none"'],
    ["", '""'],
    ["I64", '"I64"'],
    ["i64 ", '"i64 "'],
    [null, '"null"'],
    [64, '"64"'],
    [true, '"true"'],
    [{}, '"[object Object]"'],
    [Symbol("i64"), "a symbol"],
  ])("%p", ENUMERATION, (address, shown) => {
    const descriptor = { address, initial: 1 };
    expectError(() => new Memory(descriptor), TypeError, "address", shown, '"i32"', '"i64"');
  });

  testIfReferenceHas.each(referenceHas.address, [
    [noPrimitive],
    [{ toString: () => Symbol("i64") }],
    [{ toString: undefined, valueOf: undefined }],
  ])("%p, which cannot be converted to a string", ENUMERATION, (address) => {
    expectError(() => new Memory({ address, initial: 1 }), TypeError);
  });
});

describe("as a number of 32-bit pages,", () => {
  const conversions = [
    [1.9, 1],
    [0.9, 0],
    [-0, 0],
    ["3", 3],
    [" 3\n", 3],
    ["0x3", 3],
    ["30e-1", 3],
    ["", 0],
    [true, 1],
    [false, 0],
    [null, 0],
    [new Number(2), 2],
    [[], 0],
    [["2"], 2],
    [{ valueOf: () => 2 }, 2],
    [{ valueOf: () => ({}), toString: () => "2" }, 2],
    [{ [Symbol.toPrimitive]: () => "2", valueOf: () => 3 }, 2],
    [{ [Symbol.toPrimitive]: null, valueOf: () => 2 }, 2],
  ];

  const truncated = [
    [-0.5, 0],
    [-0.9, 0],
    ["-0.5", 0],
  ];

  test.each(conversions)("initial %p is %i", (initial, pages) => {
    expect(pageCount(new Memory({ initial }))).toBe(pages);
  });

  test.each(conversions)("maximum %p is %i", (maximum, pages) => {
    expect(maximumOf(new Memory({ initial: 0, maximum }))).toBe(pages);
  });

  testNotInReference.each(truncated)("initial %p is %i", ENFORCE_RANGE, (initial, pages) => {
    expect(pageCount(new Memory({ initial }))).toBe(pages);
  });

  testNotInReference.each(truncated)("maximum %p is %i", ENFORCE_RANGE, (maximum, pages) => {
    expect(maximumOf(new Memory({ initial: 0, maximum }))).toBe(pages);
  });

  testNotInReference(
    "initial 4294967295.5 is in range, and exceeds the limit",
    ENFORCE_RANGE,
    () => {
      expectError(
        () => new Memory({ initial: 2 ** 32 - 0.5 }),
        RangeError,
        "initial",
        "4294967295",
      );
    },
  );

  testIfReferenceHas.each(referenceHas.minimum, conversions)(
    "minimum %p is %i",
    MINIMUM,
    (minimum, pages) => {
      expect(pageCount(new Memory({ minimum }))).toBe(pages);
    },
  );
});

describe("as a number of 64-bit pages,", () => {
  const conversions = [
    ["3", 3],
    [" 3\n", 3],
    ["0x3", 3],
    ["", 0],
    [true, 1],
    [false, 0],
    [Object(2n), 2],
    [["2"], 2],
    [{ valueOf: () => 2n }, 2],
    [{ valueOf: () => ({}), toString: () => "2" }, 2],
    [{ [Symbol.toPrimitive]: () => "2", valueOf: () => 3n }, 2],
  ];

  testIfReferenceHas.each(referenceHas.address, conversions)(
    "initial %p is %i",
    TO_BIGINT,
    (initial, pages) => {
      expect(pageCount(new Memory({ address: "i64", initial }))).toBe(pages);
    },
  );

  testIfReferenceHas.each(referenceHas.address, conversions)(
    "maximum %p is %i",
    TO_BIGINT,
    (maximum, pages) => {
      expect(maximumOf(new Memory({ address: "i64", initial: 0n, maximum }))).toBe(pages);
    },
  );
});

describe("as an address type,", () => {
  testIfReferenceHas.each(referenceHas.address, [
    [new String("i64")],
    [["i64"]],
    [{ toString: () => "i64", valueOf: () => "i32" }],
    [{ [Symbol.toPrimitive]: (hint) => (hint === "string" ? "i64" : "i32") }],
  ])("%p is i64", ENUMERATION, (address) => {
    expect(new Memory({ address, initial: 1n }).grow(0n)).toBe(1n);
  });

  testIfReferenceHas(
    referenceHas.address,
    "an object that converts to i32 is i32",
    ENUMERATION,
    () => {
      expect(new Memory({ address: { toString: () => "i32" }, initial: 1 }).grow(0)).toBe(1);
    },
  );
});

describe("as `shared`,", () => {
  const tagOf = (shared) =>
    Object.prototype.toString.call(new Memory({ initial: 0, maximum: 0, shared }).buffer);

  test.each([undefined, null, false, 0, -0, NaN, "", 0n])("%p is false", (shared) => {
    expect(tagOf(shared)).toBe("[object ArrayBuffer]");
  });

  test.each([true, 1, "false", 1n, Symbol("shared"), {}, () => {}, new Boolean(false)])(
    "%p is true",
    (shared) => {
      expect(tagOf(shared)).toBe("[object SharedArrayBuffer]");
    },
  );

  test("an object is true without being converted", () => {
    const convert = () => {
      throw new Error("converted");
    };
    const shared = { [Symbol.toPrimitive]: convert, valueOf: convert, toString: convert };
    expect(tagOf(shared)).toBe("[object SharedArrayBuffer]");
  });
});

describe("an object as a number", () => {
  test('is converted by its Symbol.toPrimitive with the hint "number"', () => {
    const calls = [];
    const initial = {
      [Symbol.toPrimitive](...args) {
        calls.push(this === initial, ...args);
        return 1;
      },
    };
    new Memory({ initial });
    expect(calls).toEqual([true, "number"]);
  });

  test("is converted by its valueOf, then its toString", () => {
    const calls = [];
    const initial = {
      toString(...args) {
        calls.push("toString", this === initial, args.length);
        return "1";
      },
      valueOf(...args) {
        calls.push("valueOf", this === initial, args.length);
        return {};
      },
    };
    new Memory({ initial });
    expect(calls).toEqual(["valueOf", true, 0, "toString", true, 0]);
  });
});

describe("the descriptor", () => {
  test("can be any object", () => {
    expect(pageCount(new Memory(Object.assign([], { initial: 2 })))).toBe(2);
    expect(pageCount(new Memory(Object.assign(() => {}, { initial: 2 })))).toBe(2);
    expect(pageCount(new Memory(Object.assign(Object.create(null), { initial: 2 })))).toBe(2);
  });

  test("can inherit its members", () => {
    const memory = new Memory(Object.create({ initial: 1, maximum: 2 }));
    expect(pageCount(memory)).toBe(1);
    expect(maximumOf(memory)).toBe(2);
  });

  test("is the receiver of its getters", () => {
    const descriptor = Object.create({
      get initial() {
        return this === descriptor ? 2 : 0;
      },
    });
    expect(pageCount(new Memory(descriptor))).toBe(2);
  });

  /** Returns a proxy of `target`, and a list of the operations on it. */
  function spiedOn(target) {
    const calls = [];
    const handler = new Proxy(
      {},
      {
        get:
          (_, trap) =>
          (...args) => {
            calls.push([trap, ...args.slice(1)]);
            return Reflect[trap](...args);
          },
      },
    );
    const proxy = new Proxy(target, handler);
    return { proxy, calls };
  }

  test("is only read, and each member once", () => {
    const { proxy, calls } = spiedOn({ initial: 1, maximum: 2, shared: false });
    expect(maximumOf(new Memory(proxy))).toBe(2);
    expect([...new Set(calls.map(([trap]) => trap))]).toEqual(["get"]);
    expect(calls.every(([, , receiver]) => receiver === proxy)).toBe(true);
    const members = calls.map(([, member]) => member);
    expect(members).toEqual([...new Set(members)]);
    expect(members).toEqual(expect.arrayContaining(["initial", "maximum", "shared"]));
  });

  testNotInReference("is read in alphabetical order", DICTIONARY, () => {
    const { proxy, calls } = spiedOn({ initial: 1, maximum: 2, shared: false });
    new Memory(proxy);
    expect(calls).toEqual(
      ["address", "initial", "maximum", "minimum", "shared"].map((member) => [
        "get",
        member,
        proxy,
      ]),
    );
  });
});

describe("the members of the descriptor", () => {
  /** Returns a descriptor that logs which members are read and converted. */
  function logging(values) {
    const log = [];
    const descriptor = {};
    for (const [member, value] of Object.entries(values)) {
      const convert = () => {
        log.push(`${member} converted`);
        return value;
      };
      Object.defineProperty(descriptor, member, {
        get() {
          log.push(member);
          return value === undefined ? value : { valueOf: convert, toString: convert };
        },
      });
    }
    return { descriptor, log };
  }

  test("are converted before the next one is read", () => {
    const { descriptor, log } = logging({ shared: true, maximum: 2, initial: 1 });
    new Memory(descriptor);
    expect(log).toEqual(["initial", "initial converted", "maximum", "maximum converted", "shared"]);
  });

  testIfReferenceHas(referenceHas.address, "begin with `address`", DICTIONARY, () => {
    const { descriptor, log } = logging({ maximum: 2n, initial: 1n, address: "i64" });
    new Memory(descriptor);
    expect(log).toEqual([
      "address",
      "address converted",
      "initial",
      "initial converted",
      "maximum",
      "maximum converted",
    ]);
  });

  testNotInReference("include `minimum`, after `maximum`", DICTIONARY, () => {
    const { descriptor, log } = logging({ shared: true, minimum: 1, maximum: 2, address: "i32" });
    new Memory(descriptor);
    expect(log).toEqual([
      "address",
      "address converted",
      "maximum",
      "maximum converted",
      "minimum",
      "minimum converted",
      "shared",
    ]);
  });

  test("are not read after one that cannot be converted", () => {
    const { descriptor, log } = logging({ initial: -1, maximum: 2, shared: true });
    expectError(() => new Memory(descriptor), TypeError, "initial", "-1");
    expect(log).toEqual(["initial", "initial converted"]);
  });

  testIfReferenceHas(
    referenceHas.address,
    "are not read after an unknown `address`",
    ENUMERATION,
    () => {
      const { descriptor, log } = logging({ address: "i8", initial: 1, maximum: 2, shared: true });
      expectError(() => new Memory(descriptor), TypeError, "address", '"i8"');
      expect(log).toEqual(["address", "address converted"]);
    },
  );

  testNotInReference(
    "are all read before a limit is checked",
    "JS API, Memory constructor step 5",
    () => {
      const { descriptor, log } = logging({ initial: 65_537, maximum: 0, shared: true });
      expectError(() => new Memory(descriptor), RangeError, "initial", "65537", "65536");
      expect(log).toEqual([
        "initial",
        "initial converted",
        "maximum",
        "maximum converted",
        "shared",
      ]);
    },
  );
});

describe("the constructor passes on an exception of", () => {
  const thrown = { an: "exception" };
  const fail = () => {
    throw thrown;
  };
  const failing = (member) => Object.defineProperty({}, member, { get: fail });

  function expectThrown(descriptor) {
    expect(thrownBy(() => new Memory(descriptor))).toBe(thrown);
  }

  const members = [
    ["initial", {}],
    ["maximum", { initial: 0 }],
  ];

  test.each([...members, ["shared", { initial: 0, maximum: 0 }]])(
    "the getter of %s",
    (member, rest) => {
      expectThrown(Object.assign(failing(member), rest));
    },
  );

  testIfReferenceHas(referenceHas.address, "the getter of address", ADDRESS, () => {
    expectThrown(failing("address"));
  });

  testIfReferenceHas(referenceHas.minimum, "the getter of minimum", MINIMUM, () => {
    expectThrown(failing("minimum"));
  });

  describe.each(members)("the conversion of %s", (member, rest) => {
    test.each([
      ["valueOf", { valueOf: fail }],
      ["toString", { valueOf: undefined, toString: fail }],
      ["Symbol.toPrimitive", { [Symbol.toPrimitive]: fail }],
      ["the getter of valueOf", failing("valueOf")],
      ["the getter of Symbol.toPrimitive", failing(Symbol.toPrimitive)],
    ])("by %s", (_, value) => {
      expectThrown({ ...rest, [member]: value });
    });
  });

  testIfReferenceHas(referenceHas.address, "the conversion of address", ENUMERATION, () => {
    expectThrown({ address: { toString: fail }, initial: 0 });
  });

  testIfReferenceHas(referenceHas.minimum, "the conversion of minimum", MINIMUM, () => {
    expectThrown({ minimum: { valueOf: fail } });
  });

  test("a trap of a proxy", () => {
    expectThrown(new Proxy({}, { get: fail }));
  });
});
