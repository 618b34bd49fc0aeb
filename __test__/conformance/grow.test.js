"use strict";

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
const { invalidU32 } = require("../support/invalid-u32");
const { thrownBy } = require("../support/thrown");

const ENFORCE_RANGE = "WebIDL 3.2.4.9, ConvertToInt step 6";
const TO_BIGINT = "JS API, AddressValueToU64 step 2";
const ADDRESS = "JS API, grow() steps 3 to 6";

const create64 = (descriptor) => new Memory({ address: "i64", ...descriptor });

/** Runs `body` on a memory that begins with 1, 2, 3, and expects that the memory does not change. */
function expectUnchanged(memory, body) {
  bytesOf(memory).set([1, 2, 3]);
  const { buffer } = memory;
  const view = new Uint8Array(buffer);
  const pages = pageCount(memory);
  body(memory);
  expect(memory.buffer).toBe(buffer);
  expect(view.length).toBe(pages * PAGE);
  expect(view.subarray(0, 4)).toEqual(Uint8Array.of(1, 2, 3, 0));
}

function expectDetached(buffer) {
  expect(buffer.byteLength).toBe(0);
  expect(() => new Uint8Array(buffer)).toThrow("detached");
}

describe("grow() rejects as a number of 32-bit pages", () => {
  const create = () => new Memory({ initial: 1, maximum: 4 });

  test("no argument", () => {
    expectUnchanged(create(), (memory) => {
      expectError(() => memory.grow(), TypeError, "delta", "undefined", "4294967295");
    });
  });

  test.each([[undefined, "undefined"], ...invalidU32])("%p", (delta, shown) => {
    expectUnchanged(create(), (memory) => {
      expectError(() => memory.grow(delta), TypeError, "grow()", "delta", shown, "4294967295");
    });
  });

  test.each([
    [1n, "1n"],
    [Symbol("pages"), "a symbol"],
    [Object(1n), "1n"],
    [Object.create(null), "cannot convert the object to a number"],
    [{ [Symbol.toPrimitive]: () => ({}) }, "cannot convert the object to a number"],
  ])("%p", (delta, shown) => {
    expectUnchanged(create(), (memory) => {
      expectError(() => memory.grow(delta), TypeError, "grow()", "delta", shown);
    });
  });
});

describe("grow() rejects as a number of 64-bit pages", () => {
  const create = () => create64({ initial: 1n, maximum: 4n });

  testIfReferenceHas(referenceHas.address, "no argument", TO_BIGINT, () => {
    expectUnchanged(create(), (memory) => {
      expectError(() => memory.grow(), TypeError, "delta", "undefined");
    });
  });

  testIfReferenceHas.each(referenceHas.address, [
    [undefined, "undefined"],
    [null, "null"],
    [0, "0"],
    [1, "1"],
    [NaN, "NaN"],
    [Symbol("pages"), "a symbol"],
    [Object(1), "1"],
    [{ valueOf: () => 1 }, "1"],
    [-1n, "-1n", "18446744073709551615n"],
    [2n ** 64n, "18446744073709551616n", "18446744073709551615n"],
    ["-1", "-1n", "18446744073709551615n"],
    ["0x10000000000000000", "18446744073709551616n", "18446744073709551615n"],
  ])("%p", TO_BIGINT, (delta, ...shown) => {
    expectUnchanged(create(), (memory) => {
      expectError(() => memory.grow(delta), TypeError, "grow()", "delta", ...shown);
    });
  });

  testIfReferenceHas.each(referenceHas.address, ["x", "1.5", "3n", {}])(
    "%p, which is not the syntax of a BigInt",
    TO_BIGINT,
    (delta) => {
      expectUnchanged(create(), (memory) => {
        expectError(() => memory.grow(delta), SyntaxError, String(delta));
      });
    },
  );
});

describe("grow() beyond the limit throws and changes nothing:", () => {
  test.each([
    [{ initial: 1, maximum: 1 }, 1, "1"],
    [{ initial: 1, maximum: 3 }, 3, "3"],
    [{ initial: 1, maximum: 3 }, 2 ** 32 - 1, "3"],
    [{ initial: 1, maximum: 65_536 }, 65_536, "65536"],
    [{ initial: 1 }, 65_536, "65536"],
    [{ initial: 1 }, 2 ** 32 - 1, "65536"],
  ])("%p and %p more", (descriptor, delta, limit) => {
    expectUnchanged(new Memory(descriptor), (memory) => {
      expectError(() => memory.grow(delta), RangeError, "grow()", "1 ", `${delta}`, limit);
    });
  });

  testNotInReference("1 and 4294967295.5, which is in range, more", ENFORCE_RANGE, () => {
    expectUnchanged(new Memory({ initial: 1 }), (memory) => {
      expectError(() => memory.grow(2 ** 32 - 0.5), RangeError, "4294967295", "65536");
    });
  });

  testIfReferenceHas.each(referenceHas.address, [
    [{ initial: 1n, maximum: 3n }, 3n, "3n", "3n"],
    [{ initial: 1n, maximum: 3n }, 2n ** 64n - 1n, "2^53", "3n"],
    [{ initial: 1n, maximum: 262_144n }, 262_144n, "262144n", "262144n"],
    [{ initial: 1n }, 262_144n, "262144n", "262144n"],
    [{ initial: 1n }, 2n ** 64n - 1n, "2^53", "262144n"],
  ])("%p and %p more, with 64-bit addresses", ADDRESS, (descriptor, delta, shown, limit) => {
    expectUnchanged(create64(descriptor), (memory) => {
      expectError(() => memory.grow(delta), RangeError, "grow()", "1n", shown, limit);
    });
  });

  testNotInReference.each([
    [2n ** 32n, "4294967296n"],
    [2n ** 53n, "2^53"],
    [2n ** 63n + 1n, "2^53"],
  ])(
    "1 and %p more, with 64-bit addresses and no maximum",
    "JS API, grow() steps 4 and 5; V8 drops the upper 32 bits",
    (delta, shown) => {
      expectUnchanged(create64({ initial: 1n }), (memory) => {
        expectError(() => memory.grow(delta), RangeError, shown, "262144n");
      });
    },
  );

  testNotInReference.each([[262_144n], [2n ** 37n - 2n]])(
    "1 and %p more, with a maximum of 137438953471n",
    "JS API, Implementation-defined Limits at run time",
    (delta) => {
      expectUnchanged(create64({ initial: 1n, maximum: 2n ** 37n - 1n }), (memory) => {
        expectError(() => memory.grow(delta), RangeError, `${delta}n`, "262144n");
      });
    },
  );

  test("the memory can still grow to its maximum", () => {
    const memory = new Memory({ initial: 1, maximum: 3 });
    expectError(() => memory.grow(3), RangeError);
    expect(memory.grow(2)).toBe(1);
    expect(pageCount(memory)).toBe(3);
  });
});

describe("grow() passes on an exception of", () => {
  const thrown = { an: "exception" };
  const fail = () => {
    throw thrown;
  };

  test.each([
    ["valueOf", { valueOf: fail }],
    ["toString", { valueOf: undefined, toString: fail }],
    ["Symbol.toPrimitive", { [Symbol.toPrimitive]: fail }],
    ["the getter of valueOf", Object.defineProperty({}, "valueOf", { get: fail })],
  ])("%s", (_, delta) => {
    expectUnchanged(new Memory({ initial: 1 }), (memory) => {
      expect(thrownBy(() => memory.grow(delta))).toBe(thrown);
    });
  });

  testIfReferenceHas(referenceHas.address, "valueOf, with 64-bit addresses", ADDRESS, () => {
    expectUnchanged(create64({ initial: 1n }), (memory) => {
      expect(thrownBy(() => memory.grow({ valueOf: fail }))).toBe(thrown);
    });
  });
});

describe("grow() returns the previous number of pages:", () => {
  test.each([
    [{ initial: 0 }, 2],
    [{ initial: 0, maximum: 2 }, 2],
    [{ initial: 3 }, 2],
    [{ initial: 3, maximum: 5 }, 2],
    [{ initial: 3, maximum: 3 }, 0],
    [{ initial: 1, maximum: 65_536 }, 65_535],
    [{ initial: 1 }, 65_535],
  ])("%p and %i", (descriptor, delta) => {
    const memory = new Memory(descriptor);
    expect(memory.grow(delta)).toBe(descriptor.initial);
    expect(pageCount(memory)).toBe(descriptor.initial + delta);
  });

  testIfReferenceHas.each(referenceHas.address, [
    [{ initial: 0n }, 2n],
    [{ initial: 0n, maximum: 2n }, 2n],
    [{ initial: 3n }, 2n],
    [{ initial: 3n, maximum: 262_144n }, 2n],
    [{ initial: 3n, maximum: 3n }, 0n],
  ])("%p and %p, with 64-bit addresses", ADDRESS, (descriptor, delta) => {
    const memory = create64(descriptor);
    expect(memory.grow(delta)).toBe(descriptor.initial);
    expect(pageCount(memory)).toBe(Number(descriptor.initial + delta));
  });

  test("for one growth after another", () => {
    const memory = new Memory({ initial: 0, maximum: 6 });
    expect([1, 2, 3].map((delta) => memory.grow(delta))).toEqual([0, 1, 3]);
    expect(pageCount(memory)).toBe(6);
  });

  test("0, not -0", () => {
    expect(Object.is(new Memory({ initial: -0 }).grow(-0), 0)).toBe(true);
  });

  test("also with a second argument", () => {
    const memory = new Memory({ initial: 1 });
    expect(memory.grow(2, 5)).toBe(1);
    expect(pageCount(memory)).toBe(3);
  });
});

describe("grow() converts", () => {
  const growth = (memory, delta) => {
    const before = pageCount(memory);
    memory.grow(delta);
    return pageCount(memory) - before;
  };

  test.each([
    [1.9, 1],
    [0.9, 0],
    ["3", 3],
    ["0x3", 3],
    ["", 0],
    [true, 1],
    [false, 0],
    [null, 0],
    [[], 0],
    [["2"], 2],
    [new Number(2), 2],
    [{ valueOf: () => 2 }, 2],
    [{ valueOf: () => ({}), toString: () => "2" }, 2],
    [{ [Symbol.toPrimitive]: (hint) => (hint === "number" ? 2 : 3) }, 2],
  ])("%p to %i", (delta, pages) => {
    expect(growth(new Memory({ initial: 1 }), delta)).toBe(pages);
  });

  testNotInReference.each([[-0.5], [-0.9], ["-0.5"]])("%p to 0", ENFORCE_RANGE, (delta) => {
    expect(growth(new Memory({ initial: 1 }), delta)).toBe(0);
  });

  testIfReferenceHas.each(referenceHas.address, [
    ["3", 3],
    ["0x3", 3],
    ["", 0],
    [true, 1],
    [false, 0],
    [[], 0],
    [["2"], 2],
    [Object(2n), 2],
    [{ valueOf: () => 2n }, 2],
    [{ [Symbol.toPrimitive]: (hint) => (hint === "number" ? 2n : 3n) }, 2],
  ])("%p to %i, with 64-bit addresses", TO_BIGINT, (delta, pages) => {
    expect(growth(create64({ initial: 1n }), delta)).toBe(pages);
  });
});

describe("the bytes of a memory", () => {
  test("stay when it grows, and new ones are zero", () => {
    const memory = new Memory({ initial: 1 });
    bytesOf(memory).fill(7);
    memory.grow(2);
    const bytes = bytesOf(memory);
    expect(bytes.length).toBe(3 * PAGE);
    expect(bytes.subarray(0, PAGE).every((byte) => byte === 7)).toBe(true);
    expect(bytes.subarray(PAGE).every((byte) => byte === 0)).toBe(true);
  });

  test("stay through one growth after another", () => {
    const memory = new Memory({ initial: 0, maximum: 20 });
    for (let page = 0; page < 20; page++) {
      memory.grow(1);
      bytesOf(memory).fill(page + 1, page * PAGE);
    }
    const bytes = bytesOf(memory);
    expect(bytes.every((byte, index) => byte === Math.floor(index / PAGE) + 1)).toBe(true);
  });

  test("stay when it grows to 4 GiB", () => {
    const memory = new Memory({ initial: 1 });
    bytesOf(memory).set([1, 2, 3], PAGE - 3);
    memory.grow(65_535);
    const around = new Uint8Array(memory.buffer, PAGE - 4, 8);
    expect(around).toEqual(Uint8Array.of(0, 1, 2, 3, 0, 0, 0, 0));
    const last = new Uint8Array(memory.buffer, 2 ** 32 - 1);
    last[0] = 9;
    expect([...last]).toEqual([9]);
  });

  testIfReferenceHas(
    referenceHas.address,
    "stay when it grows, with 64-bit addresses",
    ADDRESS,
    () => {
      const memory = create64({ initial: 1n, maximum: 4n });
      bytesOf(memory).fill(7);
      memory.grow(1n);
      const bytes = bytesOf(memory);
      expect(bytes.subarray(0, PAGE).every((byte) => byte === 7)).toBe(true);
      expect(bytes.subarray(PAGE).every((byte) => byte === 0)).toBe(true);
    },
  );
});

describe("grow()", () => {
  test.each([
    [{ initial: 0 }, 1],
    [{ initial: 1 }, 1],
    [{ initial: 1, maximum: 2 }, 1],
    [{ initial: 1 }, 0],
    [{ initial: 1, maximum: 1 }, 0],
    [{ initial: 0 }, 0],
    [{ initial: 0, maximum: 0 }, 0],
  ])("detaches the buffer and creates a new one: %p and %i more", (descriptor, delta) => {
    const memory = new Memory(descriptor);
    const old = memory.buffer;
    memory.grow(delta);
    expect(memory.buffer).not.toBe(old);
    expect(memory.buffer).toBe(memory.buffer);
    expect(pageCount(memory)).toBe(descriptor.initial + delta);
    expectDetached(old);
  });

  testIfReferenceHas.each(referenceHas.address, [0n, 1n])(
    "detaches the buffer and creates a new one, with 64-bit addresses: 1n and %p more",
    "JS API, refresh the Memory buffer step 5",
    (delta) => {
      const memory = create64({ initial: 1n });
      const old = memory.buffer;
      memory.grow(delta);
      expect(memory.buffer).not.toBe(old);
      expect(pageCount(memory)).toBe(1 + Number(delta));
      expectDetached(old);
    },
  );

  test("changes no bytes if it grows by 0", () => {
    const memory = new Memory({ initial: 1 });
    bytesOf(memory).fill(7);
    expect(memory.grow(0)).toBe(1);
    expect(bytesOf(memory).every((byte) => byte === 7)).toBe(true);
  });

  test("leaves all earlier buffers detached", () => {
    const memory = new Memory({ initial: 0, maximum: 3 });
    const old = [1, 1, 0, 1].map((delta) => {
      const { buffer } = memory;
      memory.grow(delta);
      return buffer;
    });
    old.forEach(expectDetached);
    expect(new Set([...old, memory.buffer]).size).toBe(5);
  });

  test("empties views of the old buffer, which then write nothing", () => {
    const memory = new Memory({ initial: 1 });
    const { buffer } = memory;
    const bytes = new Uint8Array(buffer);
    const words = new Uint32Array(buffer, 16, 4);
    const view = new DataView(buffer, 8);
    bytes[0] = 7;
    memory.grow(1);
    expect([bytes.length, bytes.byteLength, bytes.byteOffset]).toEqual([0, 0, 0]);
    expect([words.length, words.byteLength, words.byteOffset]).toEqual([0, 0, 0]);
    expect(bytes[0]).toBeUndefined();
    bytes[0] = 9;
    expect(() => view.byteLength).toThrow("detached");
    expect(() => view.getUint8(0)).toThrow("detached");
    expect(bytesOf(memory)[0]).toBe(7);
  });
});

describe("grow(delta) with a `delta` whose conversion grows the memory", () => {
  /** Returns an object that grows the memory by `inner` pages when it is converted to `outer`. */
  const growing = (memory, inner, outer) => ({
    valueOf() {
      memory.grow(inner);
      return outer;
    },
  });

  test("grows the larger memory", () => {
    const memory = new Memory({ initial: 1, maximum: 6 });
    const first = memory.buffer;
    expect(memory.grow(growing(memory, 2, 3))).toBe(3);
    expect(pageCount(memory)).toBe(6);
    expectDetached(first);
  });

  test("keeps the bytes that the conversion wrote", () => {
    const memory = new Memory({ initial: 1 });
    const delta = {
      valueOf() {
        memory.grow(1);
        bytesOf(memory).fill(7, PAGE);
        return 1;
      },
    };
    expect(memory.grow(delta)).toBe(2);
    const bytes = bytesOf(memory);
    expect([bytes[PAGE - 1], bytes[PAGE], bytes[2 * PAGE - 1], bytes[2 * PAGE]]).toEqual([
      0, 7, 7, 0,
    ]);
  });

  test("throws a RangeError if the conversion has left no room", () => {
    const memory = new Memory({ initial: 1, maximum: 3 });
    expectError(() => memory.grow(growing(memory, 2, 1)), RangeError, "3 ", "1 ");
    expect(pageCount(memory)).toBe(3);
  });

  test("throws a TypeError if `delta` is invalid, and the memory stays grown", () => {
    const memory = new Memory({ initial: 1, maximum: 3 });
    expectError(() => memory.grow(growing(memory, 1, -1)), TypeError, "delta", "-1");
    expect(pageCount(memory)).toBe(2);
  });

  testIfReferenceHas(
    referenceHas.address,
    "grows the larger memory, with 64-bit addresses",
    ADDRESS,
    () => {
      const memory = create64({ initial: 1n, maximum: 6n });
      expect(memory.grow(growing(memory, 2n, 3n))).toBe(3n);
      expect(pageCount(memory)).toBe(6);
    },
  );
});
