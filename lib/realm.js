"use strict";

/**
 * Gives a buffer that the addon made the prototype of this module's realm. Node-API makes it in the
 * realm that loaded the addon first, which differs under `vm` contexts (Jest, say).
 */
function adopt(buffer, { prototype }) {
  if (Object.getPrototypeOf(buffer) !== prototype) Object.setPrototypeOf(buffer, prototype);
  return buffer;
}

module.exports = { adopt };
