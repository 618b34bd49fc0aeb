"use strict";

const { URLPrototypeGetHref, fileURLToPath } = require("../built-ins/node");

/**
 * Returns the path that a URL names, or undefined if `value` is not a URL. Throws what Node.js throws if it
 * names no file. Runs no code of the program.
 *
 * @param {unknown} value
 */
function pathOfUrl(value) {
  let href;
  try {
    href = URLPrototypeGetHref(/** @type {URL} */ (value));
  } catch {
    return undefined;
  }
  return fileURLToPath(href);
}

module.exports = { pathOfUrl };
