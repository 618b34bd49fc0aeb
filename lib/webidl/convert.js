"use strict";

// Converts JavaScript values as ECMAScript, Web IDL and the JavaScript API of WebAssembly define it. Each
// function takes the name of what it converts, for its errors. Conversions run code of the program (getters,
// `valueOf`): callers convert everything before they read any state.

const { typeError, rangeError, syntaxError } = require("../built-ins/errors");
const {
  ArrayPrototypeJoin,
  BigInt,
  JSONStringify,
  MathTrunc,
  Number,
  NumberIsSafeInteger,
  NumberMAX_SAFE_INTEGER,
  ObjectKeys,
  ReflectApply,
  String,
  SymbolToPrimitive,
} = require("../built-ins/primordials");

const PAGE = 65_536;
const U32_LIMIT = 2 ** 32;
const U64_LIMIT = 2n ** 64n;

/**
 * Returns how an error message shows a value. Runs no code of the program.
 *
 * @param {unknown} value
 */
function show(value) {
  switch (typeof value) {
    case "string":
      return JSONStringify(value);
    case "bigint":
      return `${value}n`;
    case "symbol":
      return "a symbol";
    case "function":
      return "a function";
    case "object":
      return value === null ? "null" : "an object";
    default:
      return String(value);
  }
}

/**
 * @param {unknown} value
 * @returns {value is { [key: PropertyKey]: unknown }}
 */
function isObject(value) {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/**
 * Converts as ECMAScript's ToPrimitive does, with the hint "number". Later conversions of the result run no
 * code of the program, and can name the value that they refuse.
 *
 * @param {unknown} value
 * @param {string} name
 */
function toPrimitive(value, name) {
  if (!isObject(value)) return value;
  const exotic = value[SymbolToPrimitive];
  /** @type {unknown} */
  let result = value;
  if (exotic !== undefined && exotic !== null) {
    if (typeof exotic === "function") result = ReflectApply(exotic, value, ["number"]);
  } else {
    const { valueOf } = value;
    if (typeof valueOf === "function") result = ReflectApply(valueOf, value, []);
    if (isObject(result)) {
      const { toString } = value;
      if (typeof toString === "function") result = ReflectApply(toString, value, []);
    }
  }
  if (!isObject(result)) return result;
  throw typeError(
    "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
    `${name}: cannot convert the object to a number`,
  );
}

/**
 * Converts a result of `toPrimitive` as ECMAScript's ToNumber does, and names the value in its errors.
 *
 * @param {unknown} primitive
 * @param {string} name
 */
function toNumber(primitive, name) {
  if (typeof primitive === "bigint" || typeof primitive === "symbol") {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${name}: expected a number, got ${show(primitive)}`,
    );
  }
  return Number(primitive);
}

/**
 * Converts to Web IDL's `[EnforceRange] unsigned long`.
 *
 * @param {unknown} value
 * @param {string} name
 */
function toU32(value, name) {
  const primitive = toPrimitive(value, name);
  const whole = MathTrunc(toNumber(primitive, name));
  if (!(whole >= 0 && whole < U32_LIMIT)) {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${name}: expected a number from 0 to ${U32_LIMIT - 1}, got ${show(primitive)}`,
    );
  }
  return whole + 0; // -0 becomes 0
}

/**
 * Converts to a number of bytes that are whole pages of 64 KiB.
 *
 * @param {unknown} value
 * @param {string} name
 */
function toPageBytes(value, name) {
  const primitive = toPrimitive(value, name);
  const bytes = toNumber(primitive, name);
  if (bytes !== bytes && typeof primitive !== "number") {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${name}: expected a number, got ${show(primitive)}`,
    );
  }
  if (!(bytes >= 0 && bytes % PAGE === 0)) {
    throw rangeError(
      "ERR_LINEAR_MEMORY_OUT_OF_RANGE",
      `${name}: expected 0 or a positive multiple of ${PAGE} bytes, got ${show(primitive)}`,
    );
  }
  return bytes + 0; // -0 becomes 0
}

/**
 * Checks a number of bytes. Accepts numbers only, so that no code of the program runs.
 *
 * @param {unknown} value
 * @param {string} name
 */
function toByteCount(value, name) {
  if (typeof value !== "number") {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${name}: expected a number, got ${show(value)}`,
    );
  }
  if (!NumberIsSafeInteger(value) || value < 0) {
    throw rangeError(
      "ERR_LINEAR_MEMORY_OUT_OF_RANGE",
      `${name}: expected an integer from 0 to 2^53 - 1, got ${show(value)}`,
    );
  }
  return value + 0; // -0 becomes 0
}

/**
 * Converts as ECMAScript's ToIndex does.
 *
 * @param {unknown} value
 * @param {string} name
 */
function toIndex(value, name) {
  const primitive = toPrimitive(value, name);
  const whole = MathTrunc(toNumber(primitive, name)) || 0; // NaN and -0 become 0
  if (whole < 0 || whole > NumberMAX_SAFE_INTEGER) {
    throw rangeError(
      "ERR_LINEAR_MEMORY_OUT_OF_RANGE",
      `${name}: expected a number from 0 to 2^53 - 1, got ${show(primitive)}`,
    );
  }
  return whole;
}

/**
 * Converts to an unsigned BigInt of 64 bits. Refuses numbers, as ECMAScript's ToBigInt does.
 *
 * @param {unknown} value
 * @param {string} name
 */
function toU64(value, name) {
  const primitive = toPrimitive(value, name);
  const kind = typeof primitive;
  if (kind !== "bigint" && kind !== "boolean" && kind !== "string") {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${name}: expected a BigInt, got ${show(primitive)}`,
    );
  }
  const whole = toBigInt(/** @type {bigint | boolean | string} */ (primitive), name);
  if (whole < 0n || whole >= U64_LIMIT) {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${name}: expected a BigInt from 0n to ${U64_LIMIT - 1n}n, got ${show(whole)}`,
    );
  }
  return whole;
}

/**
 * @param {string | bigint | boolean} primitive
 * @param {string} name
 */
function toBigInt(primitive, name) {
  try {
    return BigInt(primitive);
  } catch {
    throw syntaxError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${name}: expected a BigInt, got ${show(primitive)}`,
    );
  }
}

/**
 * Converts as AddressValueToU64 of the JS API does, to a number. Beyond 2^53 the number is not exact, but
 * then it exceeds every limit that it is compared with.
 *
 * @param {unknown} value
 * @param {"i32" | "i64"} address
 * @param {string} name
 */
function toAddress(value, address, name) {
  return address === "i64" ? Number(toU64(value, name)) : toU32(value, name);
}

/**
 * Converts a number as U64ToAddressValue of the JS API does.
 *
 * @param {number} number
 * @param {"i32" | "i64"} address
 */
function fromAddress(number, address) {
  return address === "i64" ? BigInt(number) : number;
}

/**
 * Throws if an options object has a member that is not in `known`. Only for options beyond the JS API, which
 * itself ignores unknown members. Callers check before they read the options.
 *
 * @param {object} options
 * @param {string[]} known
 * @param {string} name
 */
function checkMembers(options, known, name) {
  const keys = ObjectKeys(options);
  for (let i = 0; i < keys.length; i++) {
    if (!isOneOf(keys[i], known)) {
      throw typeError(
        "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
        `${name}: ${show(keys[i])} is not an option; the options are ${ArrayPrototypeJoin(known, ", ")}`,
      );
    }
  }
}

/**
 * @param {string} key
 * @param {string[]} known
 */
function isOneOf(key, known) {
  for (let i = 0; i < known.length; i++) if (known[i] === key) return true;
  return false;
}

/**
 * Returns how an error message shows a number of pages.
 *
 * @param {number} pages
 * @param {"i32" | "i64"} address
 */
function showPages(pages, address) {
  if (pages > NumberMAX_SAFE_INTEGER) return "2^53 or more";
  return show(fromAddress(pages, address));
}

module.exports = {
  PAGE,
  show,
  showPages,
  isObject,
  checkMembers,
  toPrimitive,
  toIndex,
  toPageBytes,
  toByteCount,
  toAddress,
  fromAddress,
};
