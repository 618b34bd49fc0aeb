"use strict";

// Whether `linear-memory/register` is in force. A new memory is then an engine memory that has our prototype
// and a slot with our store. So the engine itself does all that a program does with a WebAssembly.Memory other
// than by its members: importing it, posting it to a thread, passing it to native code. And the buffer is the
// same before and after a module imports the memory.

let registered = false;

function isRegistered() {
  return registered;
}

/** @param {boolean} value */
function setRegistered(value) {
  registered = value;
}

module.exports = { isRegistered, setRegistered };
