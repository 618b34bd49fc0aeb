"use strict";

const { show, showPages, isObject, checkMembers, toAddress } = require("./convert");
const { typeError, rangeError } = require("../built-ins/errors");
const { Boolean, MathMin, NumberIsInteger } = require("../built-ins/primordials");

/**
 * The type of a memory. The maximum is a number of pages.
 *
 * @typedef {{ address: "i32" | "i64", maximum: number | undefined, shared: boolean }} MemoryType
 */

/**
 * The type of a memory that is to be created, with the number of its first pages.
 *
 * @typedef {MemoryType & { initial: number }} NewMemoryType
 */

// In pages, from "Implementation-defined Limits" of the JS API: what a type may declare, and what a memory may
// have at run time.
const LIMITS = {
  i32: { declared: 65_536, size: 65_536 },
  i64: { declared: 2 ** 37 - 1, size: 262_144 },
};

/**
 * Reads a MemoryDescriptor. Reads the members in alphabetical order, as Web IDL does for dictionaries, and
 * converts each before it reads the next, as the web platform tests require. `minimum` is another name of
 * `initial` in the type reflection proposal, so that the result of `type()` is a descriptor.
 *
 * @param {unknown} descriptor
 * @returns {NewMemoryType}
 */
function readDescriptor(descriptor) {
  if (!isObject(descriptor)) {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `Memory: expected a descriptor object, got ${show(descriptor)}`,
    );
  }
  const address = readAddress(descriptor.address);
  const readPages = (/** @type {string} */ member) => {
    const value = descriptor[member];
    return value === undefined ? undefined : toAddress(value, address, `Memory: ${member}`);
  };
  const initial = readPages("initial");
  const maximum = readPages("maximum");
  const minimum = readPages("minimum");
  const shared = Boolean(descriptor.shared);
  if (initial !== undefined && minimum !== undefined) {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      "Memory: initial and minimum are two names of one member: give only one",
    );
  }
  const pages = initial ?? minimum;
  if (pages === undefined) {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      "Memory: initial is required: the number of pages of 64 KiB",
    );
  }
  check({ address, initial: pages, maximum, shared });
  return { address, initial: pages, maximum, shared };
}

/**
 * Reads the options beyond the JS API, from an argument that the JS API ignores. So a value that is not an
 * object is ignored here as well, and so are unknown members if this class stands in for the engine's.
 *
 * @param {unknown} options
 * @param {{ ignoresUnknown: boolean }} how
 * @returns {{ hugePages: boolean }}
 */
function readOptions(options, { ignoresUnknown }) {
  if (!isObject(options)) return { hugePages: false };
  if (!ignoresUnknown) checkMembers(options, OPTIONS, "Memory: options");
  return { hugePages: Boolean(options.hugePages) };
}

const OPTIONS = ["hugePages"];

/**
 * Reads the options of a memory that begins as a snapshot. Returns its type, which is that of the snapshot's
 * memory where no option is given.
 *
 * @param {unknown} options
 * @param {number} initial
 * @param {MemoryType} type
 * @returns {NewMemoryType}
 */
function readSnapshotOptions(options, initial, type) {
  const { address } = type;
  let { maximum, shared } = type;
  if (isObject(options)) {
    checkMembers(options, SNAPSHOT_OPTIONS, `${FROM}: options`);
    const givenMaximum = options.maximum;
    if (givenMaximum !== undefined) {
      maximum = toAddress(givenMaximum, address, `${FROM}: maximum`);
    }
    const givenShared = options.shared;
    if (givenShared !== undefined) shared = Boolean(givenShared);
  }
  const read = { address, initial, maximum, shared };
  check(read, FROM);
  return read;
}

const FROM = "Memory.from()";
const SNAPSHOT_OPTIONS = ["maximum", "shared"];

/**
 * @param {unknown} value
 * @returns {"i32" | "i64"}
 */
function readAddress(value) {
  if (value === undefined) return "i32";
  const address = typeof value === "symbol" ? value : `${value}`;
  if (address !== "i32" && address !== "i64") {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `Memory: address: expected "i32" or "i64", got ${show(address)}`,
    );
  }
  return address;
}

/**
 * @param {NewMemoryType} type
 * @param {string} [member]
 */
function check({ address, initial, maximum, shared }, member = "Memory") {
  const limits = LIMITS[address];
  const shown = (/** @type {number} */ pages) => showPages(pages, address);
  if (shared && maximum === undefined) {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${member}: maximum is required if shared is true`,
    );
  }
  if (initial > limits.size) {
    throw rangeError(
      "ERR_LINEAR_MEMORY_OUT_OF_RANGE",
      `${member}: initial: ${shown(initial)} pages exceed the limit of ${shown(limits.size)}`,
    );
  }
  if (maximum === undefined) return;
  if (maximum > limits.declared) {
    throw rangeError(
      "ERR_LINEAR_MEMORY_OUT_OF_RANGE",
      `${member}: maximum: ${shown(maximum)} pages exceed the limit of ${shown(limits.declared)}`,
    );
  }
  if (maximum < initial) {
    throw rangeError(
      "ERR_LINEAR_MEMORY_OUT_OF_RANGE",
      `${member}: maximum: ${shown(maximum)} pages are fewer than the initial ${shown(initial)}`,
    );
  }
}

/**
 * Returns whether a descriptor with that address type may have such a maximum.
 *
 * @param {unknown} value
 * @param {"i32" | "i64"} address
 * @returns {value is number}
 */
function isMaximum(value, address) {
  return NumberIsInteger(value) && value >= 0 && value <= LIMITS[address].declared;
}

/**
 * Returns the largest number of pages that a memory of that type can ever have.
 *
 * @param {Pick<MemoryType, "address" | "maximum">} type
 */
function sizeLimit({ address, maximum = Infinity }) {
  return MathMin(maximum, LIMITS[address].size);
}

/**
 * Throws a RangeError if a memory of that type cannot have `delta` more pages than `size`.
 *
 * @param {MemoryType} type
 * @param {number} size
 * @param {number} delta
 * @param {string} [member]
 */
function checkGrowth(type, size, delta, member = "Memory.grow()") {
  const limit = sizeLimit(type);
  if (delta <= limit - size) return;
  const shown = (/** @type {number} */ pages) => showPages(pages, type.address);
  throw rangeError(
    "ERR_LINEAR_MEMORY_MAXIMUM_EXCEEDED",
    `${member}: ${shown(size)} pages and ${shown(delta)} more exceed the limit of ${shown(limit)}`,
  );
}

module.exports = {
  readDescriptor,
  readOptions,
  readSnapshotOptions,
  isMaximum,
  sizeLimit,
  checkGrowth,
};
