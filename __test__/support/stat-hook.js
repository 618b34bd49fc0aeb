"use strict";

// Lets a test act between the package's reading of a file's length and its next step. The package takes
// `fs.fstatSync` when it loads, so require this module before the package.

const fs = require("node:fs");

const { fstatSync } = fs;
let hook = () => {};

fs.fstatSync = (...args) => {
  const stat = fstatSync(...args);
  hook();
  return stat;
};

/** Calls `action` after each `fs.fstatSync()` from now on. */
function setStatHook(action) {
  hook = action;
}

/** Calls nothing from now on. */
function clearStatHook() {
  hook = () => {};
}

/** Restores the original `fs.fstatSync`. */
function removeStatHook() {
  fs.fstatSync = fstatSync;
}

module.exports = { setStatHook, clearStatHook, removeStatHook };
