"use strict";

/** Throws an error with the message `what` unless `holds` is true. */
function expect(holds, what) {
  if (!holds) throw new Error(what);
}

/** Returns the error that `action` throws. */
function thrownBy(action) {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

module.exports = { expect, thrownBy };
