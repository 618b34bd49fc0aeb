"use strict";

const {
  PAGE,
  show,
  showPages,
  isObject,
  toPrimitive,
  fromAddress,
  toAddress,
} = require("../webidl/convert");
const { readDescriptor, sizeLimit } = require("../webidl/descriptor");
const { call } = require("../addon/errors");
const { FileBackedStore } = require("../stores/file-backed");
const { readSource, withFile } = require("./file-source");
const { createStore } = require("../stores/choose");
const native = require("../../native");
const { typeError, rangeError } = require("../built-ins/errors");
const { Boolean, MathCeil } = require("../built-ins/primordials");

const MEMBER = "Memory.open()";

/** Opens a file. Returns the store of a new memory that is this file. */
function openFile(file, options) {
  const source = readSource(file, MEMBER);
  const { mode, ...given } = readOptions(options);
  // Check the type before a file is created.
  if (given.initial !== undefined || given.maximum !== undefined) typeOf(source.name, 0, given);
  const isWritten = mode !== "r";
  const creates = isWritten && given.initial !== undefined;
  return withFile(source, { isWritten, creates }, MEMBER, (descriptor, length) => {
    const size = mode === "w+" ? 0 : length;
    const type = typeOf(source.name, size, given);
    const taken = { ...takeFile(source, descriptor, isWritten), path: source.name };
    try {
      const store = new FileBackedStore(createStore(type, { hugePages: false }), taken);
      store.begin(MEMBER, size, mode === "w+");
      return store;
    } catch (error) {
      native.releaseFile(taken.holder, taken.owner);
      throw error;
    }
  });
}

/** Reads each option once, and converts it until no code of the program can run any more. */
function readOptions(options) {
  if (options !== undefined && !isObject(options)) {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${MEMBER}: options: expected an object, got ${show(options)}`,
    );
  }
  const { mode = "r", initial, maximum, shared = false, address } = options ?? { __proto__: null };
  if (mode !== "r" && mode !== "r+" && mode !== "w+") {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${MEMBER}: mode: expected "r", "r+" or "w+", got ${show(mode)}`,
    );
  }
  if (mode === "w+" && initial === undefined) {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${MEMBER}: initial is required for mode "w+": a new file has no pages`,
    );
  }
  if (shared && mode === "r") {
    throw typeError(
      "ERR_LINEAR_MEMORY_INVALID_ARGUMENT",
      `${MEMBER}: shared: cannot be combined with mode "r", whose writes are private`,
    );
  }
  return {
    mode,
    initial: toPrimitive(initial, `${MEMBER}: initial`),
    maximum: toPrimitive(maximum, `${MEMBER}: maximum`),
    shared: Boolean(shared),
    address: isObject(address) ? `${address}` : address,
  };
}

/** Returns the type of a memory that has all pages of a file of `size` bytes, and at least `initial`. */
function typeOf(path, size, { initial, maximum, shared, address }) {
  const pages = MathCeil(size / PAGE);
  const isChosen =
    address === undefined && pages > sizeLimit({ address: "i32", maximum: undefined });
  const kind = isChosen ? "i64" : address;
  // A program that did not choose the address type counts pages in numbers.
  const toPages = (value, name) =>
    isChosen && typeof value === "number"
      ? fromAddress(toAddress(value, "i32", `${MEMBER}: ${name}`), "i64")
      : value;
  const type = readDescriptor({
    __proto__: null,
    address: kind,
    initial: toPages(initial, "initial") ?? fromAddress(0, kind),
    maximum: toPages(maximum, "maximum"),
    shared,
  });
  if (pages <= type.initial) return type;
  const limit = sizeLimit(type);
  if (pages > limit) {
    const shown = (count) => showPages(count, type.address);
    const name = limit === type.maximum ? "maximum" : "address";
    throw rangeError(
      "ERR_LINEAR_MEMORY_MAXIMUM_EXCEEDED",
      `${MEMBER}: ${path}: ${name}: the file has ${shown(pages)} pages, more than the ${shown(limit)} that the memory may have`,
    );
  }
  return { ...type, initial: pages };
}

/**
 * Takes the file of a descriptor into the addon. If the program gave the descriptor, and the file is written
 * to, the file is opened anew: the program's descriptor may append, and shares its locks with every process
 * that has inherited it.
 */
function takeFile({ file, name }, descriptor, isWritten) {
  return call(`${MEMBER}: ${name}`, () =>
    native.takeFile(descriptor, isWritten, isWritten && file === descriptor),
  );
}

module.exports = { openFile };
