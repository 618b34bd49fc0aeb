"use strict";

// The options of `new Memory()` and `Memory.from()` beyond the JS API.

const { Memory } = require("../..");

describe("options", () => {
  test("with unknown names throw a TypeError that lists the known ones", () => {
    const make = (options) => () => new Memory({ initial: 1 }, options);
    expect(make({ hugepages: true })).toThrow(TypeError);
    expect(make({ hugepages: true })).toThrow(/"hugepages".*hugePages/);
    expect(make({ hugePages: false, [Symbol("other")]: 1 })).not.toThrow();
    expect(make(Object.create({ other: 1 }))).not.toThrow();
    const snapshot = new Memory({ initial: 1 }).snapshot();
    expect(() => Memory.from(snapshot, { maximun: 3 })).toThrow(/"maximun".*maximum, shared/);
    expect(new Memory({ initial: 1, other: 2 }).type().minimum).toBe(1);
  });

  test("of Memory.from(snapshot) are converted in order, before a memory is created", () => {
    const snapshot = new Memory({ initial: 1, maximum: 2 }).snapshot();
    const log = [];
    const options = {
      get shared() {
        log.push("shared");
        throw new EvalError("shared");
      },
      get maximum() {
        log.push("maximum");
        return { valueOf: () => log.push("converted") };
      },
    };
    expect(() => Memory.from(snapshot, options)).toThrow(EvalError);
    expect(log).toEqual(["maximum", "converted", "shared"]);
  });
});
