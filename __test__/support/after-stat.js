"use strict";

// Has a test do something after the package has asked for a file's length. The package takes the function
// when it is loaded: this is required before it.

const fs = require("node:fs");

const { fstatSync } = fs;
let hook = () => {};

fs.fstatSync = (...args) => {
  const stat = fstatSync(...args);
  hook();
  return stat;
};

/** Calls `action` after each such question from now on. */
function afterStat(action) {
  hook = action;
}

/** Ends that. */
function afterStatNothing() {
  hook = () => {};
}

/** Puts the function back that was there. */
function restoreStat() {
  fs.fstatSync = fstatSync;
}

module.exports = { afterStat, afterStatNothing, restoreStat };
