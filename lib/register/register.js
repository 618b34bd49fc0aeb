"use strict";

const { setRegistered } = require("../identity/registered");
const { loadHosted } = require("../stores/choose");
const { replacements } = require("./replacements");

/**
 * A list of the patches that are in place, from the last to the first.
 *
 * @typedef {{ patch: { undo(): void }, before: Patches | undefined }} Patches
 */

/** @type {(() => void) | undefined} */
let undo;

/**
 * Makes `WebAssembly.Memory` our class, and makes instantiation accept a `Memory`. Returns the function that undoes
 * this: the same one until it is called.
 */
function register() {
  return (undo ??= replaceAll());
}

function replaceAll() {
  // From now on, every memory is hosted. A program may break the module loader before its first memory.
  loadHosted();
  const replace = replacements();
  /** @type {Patches | undefined} */
  let patches;
  const undoAll = () => {
    for (; patches !== undefined; patches = patches.before) patches.patch.undo();
  };
  try {
    for (let i = 0; i < replace.length; i++) patches = { patch: replace[i](), before: patches };
  } catch (error) {
    undoAll(); // for example, if WebAssembly is frozen
    throw error;
  }
  setRegistered(true);
  return function unregister() {
    if (undo !== unregister) return;
    undoAll();
    setRegistered(false);
    undo = undefined;
  };
}

module.exports = { register };
