"use strict";

/** Returns what `body` throws. */
function thrownBy(body) {
  try {
    body();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

module.exports = { thrownBy };
