"use strict";

// Whether `linear-memory/register` is in force. A new memory is then an object of the engine's, with
// our prototype and our store: what a program does with a WebAssembly.Memory but by its members (import
// it, post it to a thread, hand it to native code) is the engine's to do, and its buffer is the same
// before and after a module takes it.

let registered = false;

function isRegistered() {
  return registered;
}

function setRegistered(value) {
  registered = value;
}

module.exports = { isRegistered, setRegistered };
