"use strict";

const { setRegistered } = require("../registered");
const { Patch } = require("./patch");
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
  const patches = [];
  const takeAllBack = () => {
    for (const patch of patches.splice(0)) patch.takeBack();
  };
  try {
    for (const replacement of replacements()) patches.push(new Patch(...replacement));
  } catch (error) {
    takeAllBack(); // of a frozen WebAssembly, say
    throw error;
  }
  setRegistered(true);
  return function unregister() {
    if (undo !== unregister) return;
    takeAllBack();
    setRegistered(false);
    undo = undefined;
  };
}

module.exports = { register };
