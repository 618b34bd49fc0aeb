"use strict";

const { PAGE, show, isObject, fromAddress } = require("./convert");
const { readDescriptor, sizeLimit } = require("./descriptor");
const { translate } = require("./errors");
const { FileStore } = require("./file-store");
const { withFile, O_RDONLY, O_RDWR, O_CREAT, O_TRUNC } = require("./files");
const { createStore } = require("./store");
const native = require("../native");

const MEMBER = "Memory.open()";

/** The store of a new memory that is a file. */
function openFile(path, options) {
  const { mode, initial, maximum, shared, address } = readOptions(options);
  const flags = {
    r: O_RDONLY,
    "r+": initial === undefined ? O_RDWR : O_RDWR | O_CREAT,
    "w+": O_RDWR | O_CREAT | O_TRUNC,
  }[mode];
  return withFile(path, flags, MEMBER, (descriptor, { size }) => {
    const type = typeOf({ size, initial, maximum, shared, address });
    const isWritten = mode !== "r";
    const file = { ...takeFile(descriptor, isWritten), path };
    const needed = type.initial * PAGE;
    const inner = createStore(type, { hugePages: false });
    // A file that is long enough stays as it is, whole pages or not.
    if (isWritten && Math.ceil(size / PAGE) < type.initial) extend(file, inner, needed);
    return FileStore.over(inner, file, MEMBER);
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
function typeOf({ size, initial, maximum, shared, address }) {
  const pages = Math.ceil(size / PAGE);
  const is64 = address === undefined && pages > sizeLimit({ address: "i32" });
  const kind = is64 ? "i64" : address;
  const type = readDescriptor({
    address: kind,
    initial: initial ?? fromAddress(0, kind),
    maximum,
    shared,
  });
  if (pages <= type.initial) return type;
  return readDescriptor({ address: kind, initial: fromAddress(pages, kind), maximum, shared });
}

function takeFile(descriptor, isWritten) {
  try {
    return native.takeFile(descriptor, isWritten);
  } catch (error) {
    throw translate(error, MEMBER);
  }
}

function extend({ id, path }, store, length) {
  try {
    native.extendFile(id, store.pages, length);
  } catch (error) {
    throw translate(error, `${MEMBER}: ${path}`);
  }
}

module.exports = { openFile };
