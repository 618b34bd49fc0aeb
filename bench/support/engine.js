"use strict";

// Which peers this engine has.

const PAGE = 65_536;
const GIB = 2 ** 30;

// Those that are absent are left out, and the table says so.
const hasResizable = "resizable" in ArrayBuffer.prototype;
const hasGrowable = "growable" in SharedArrayBuffer.prototype;

module.exports = { PAGE, GIB, hasResizable, hasGrowable };
