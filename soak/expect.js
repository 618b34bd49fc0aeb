"use strict";

function expect(holds, what) {
  if (!holds) throw new Error(what);
}

/** What `action` throws. */
function thrownBy(action) {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

module.exports = { expect, thrownBy };
