"use strict";

const { readOpenOptions, typeOfFile } = require("../webidl/open-options");
const { call } = require("../addon/errors");
const { FileBackedStore } = require("../stores/file-backed");
const { createStore } = require("../stores/choose");
const { readSource, withFile } = require("./file-source");
const native = require("../../native");

/** @import { Source } from "./file-source" */

const MEMBER = "Memory.open()";

/**
 * Opens a file. Returns the store of a new memory that the file backs.
 *
 * @param {unknown} file
 * @param {unknown} options
 */
function openFile(file, options) {
  const source = readSource(file, MEMBER);
  const { mode, ...wanted } = readOpenOptions(options);
  const { initial, maximum } = wanted;
  // Check the type before a file is created.
  if (initial !== undefined || maximum !== undefined) typeOfFile(0, wanted, source.name);
  const isWritten = mode !== "r";
  const isEmptied = mode === "w+";
  const creates = isWritten && initial !== undefined;
  return withFile(source, { isWritten, creates }, MEMBER, (descriptor, length) => {
    const size = isEmptied ? 0 : length;
    const type = typeOfFile(size, wanted, source.name);
    const taken = { ...takeFile(source, descriptor, isWritten), path: source.name };
    try {
      const store = new FileBackedStore(createStore(type, { hugePages: false }), taken);
      store.begin(MEMBER, size, isEmptied);
      return store;
    } catch (error) {
      native.releaseFile(taken.holder, taken.owner);
      throw error;
    }
  });
}

/**
 * Lets the addon take the file of a descriptor. If the program gave the descriptor, and the file is written to,
 * the addon opens the file again: the program's descriptor may append, and shares its locks with every
 * process that has inherited it.
 *
 * @param {Source} source
 * @param {number} descriptor
 * @param {boolean} isWritten
 */
function takeFile({ file, name }, descriptor, isWritten) {
  return call(`${MEMBER}: ${name}`, () =>
    native.takeFile(descriptor, isWritten, isWritten && file === descriptor),
  );
}

module.exports = { openFile };
