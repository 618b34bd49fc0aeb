"use strict";

const { setImmediate } = require("../built-ins/node");

/** @type {object[][]} */
const kept = [];
let isScheduled = false;

/**
 * Keeps the hidden classes of the objects that `create` returns, for as long as this module is loaded.
 * Calls `create` once, in a later turn of the event loop. Later calls do nothing.
 *
 * Optimized code depends on the hidden classes of the objects that it has met. When no object uses a
 * hidden class, V8 collects it and discards the code, and would compile that again whenever there is a new
 * memory after a time without any.
 *
 * @param {() => object[]} create
 */
function keepHiddenClasses(create) {
  if (isScheduled) return;
  isScheduled = true;
  const immediate = setImmediate(() => {
    try {
      kept[0] = create();
    } catch {
      // There is no room for another memory. Growing then takes longer.
    }
  });
  // eslint-disable-next-line no-restricted-syntax -- only an immediate has it, and none is needed while the package loads
  immediate.unref();
}

module.exports = { keepHiddenClasses };
