"use strict";

const fs = require("node:fs");

const { PAGE, show, showPages, isObject, fromAddress, toAddress } = require("./convert");
const { readDescriptor, sizeLimit } = require("./descriptor");
const { translate } = require("./errors");
const { FileStore } = require("./file-store");
const { withFile, O_RDONLY, O_RDWR, O_CREAT } = require("./files");
const { createStore } = require("./store");
const native = require("../native");

const MEMBER = "Memory.open()";

/** The store of a new memory that is a file. */
function openFile(path, options) {
  const { mode, ...asked } = readOptions(options);
  // Before a file is made, or emptied.
  if (asked.initial !== undefined || asked.maximum !== undefined) typeOf(path, 0, asked);
  const isWritten = mode !== "r";
  const flags = isWritten ? O_RDWR : O_RDONLY;
  const creates = isWritten && asked.initial !== undefined;
  return withFile(path, creates ? flags | O_CREAT : flags, MEMBER, (descriptor, stat) => {
    const size = mode === "w+" ? 0 : stat.size;
    const type = typeOf(path, size, asked);
    const inner = createStore(type, { hugePages: false });
    if (mode === "w+") fs.ftruncateSync(descriptor, 0);
    const file = { ...takeFile(descriptor, isWritten), path };
    try {
      const store = new FileStore(inner, file);
      store.begin(MEMBER, size, type.initial);
      return store;
    } catch (error) {
      native.releaseFile(file.holder, file.owner);
      throw error;
    }
  });
}

function readOptions(options) {
  if (options !== undefined && !isObject(options)) {
    throw new TypeError(`${MEMBER}: options: expected an object, got ${show(options)}`);
  }
  const { mode = "r", initial, maximum, shared = false, address } = options ?? {};
  if (!["r", "r+", "w+"].includes(mode)) {
    throw new TypeError(`${MEMBER}: mode: expected "r", "r+" or "w+", got ${show(mode)}`);
  }
  if (mode === "w+" && initial === undefined) {
    throw new TypeError(`${MEMBER}: initial is required for mode "w+": a new file has no pages`);
  }
  if (shared && mode === "r") {
    throw new TypeError(`${MEMBER}: shared: not with mode "r", whose writes nobody else sees`);
  }
  return { mode, initial, maximum, shared: Boolean(shared), address };
}

/** The type of the memory: of as many pages as the file has, or as were asked for. */
function typeOf(path, size, { initial, maximum, shared, address }) {
  const pages = Math.ceil(size / PAGE);
  const isChosen = address === undefined && pages > sizeLimit({ address: "i32" });
  const kind = isChosen ? "i64" : address;
  // Who did not choose the type of addresses counts pages in numbers.
  const toPages = (value, name) =>
    isChosen && typeof value === "number"
      ? fromAddress(toAddress(value, "i32", `${MEMBER}: ${name}`), "i64")
      : value;
  const type = readDescriptor({
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
    throw new RangeError(
      `${MEMBER}: ${path}: ${name}: the file has ${shown(pages)} pages, more than the ${shown(limit)} that the memory may have`,
    );
  }
  return { ...type, initial: pages };
}

function takeFile(descriptor, isWritten) {
  try {
    return native.takeFile(descriptor, isWritten);
  } catch (error) {
    throw translate(error, MEMBER);
  }
}

module.exports = { openFile };
