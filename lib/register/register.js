"use strict";

const { setRegistered } = require("../identity/registered");
const { loadHosted } = require("../stores/choose");
const { replacements } = require("./replacements");

let undo;

/**
 * Has `WebAssembly.Memory` be `Memory`, and instantiation take one. Returns what undoes it: the same
 * function until it is called.
 */
function register() {
  return (undo ??= replaceAll());
}

function replaceAll() {
  // From now on, every memory is hosted, also one that is met when nothing can be loaded any more.
  loadHosted();
  const replace = replacements();
  // The last one that was put in place, and those before it.
  let patches;
  const undoAll = () => {
    for (; patches !== undefined; patches = patches.before) patches.patch.undo();
  };
  try {
    for (let i = 0; i < replace.length; i++) patches = { patch: replace[i](), before: patches };
  } catch (error) {
    undoAll(); // of a frozen WebAssembly, say
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
