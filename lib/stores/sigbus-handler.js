"use strict";

// Keeps the addon's handler of SIGBUS installed. When a program adds or removes a listener of SIGBUS, Node.js
// installs its own handler, or the default one. An access to a lost page would then fault again and again, or
// end the process. So the addon's handler is installed again, over Node.js's. It passes on the signals that
// another process sends.

const native = require("../../native");
const { isBun, process, processOn } = require("../built-ins/node");
const { isMainThread } = require("../built-ins/worker-threads");

/** Bun emits no event when a listener is removed. */
const hasAllEvents = !isBun;

let isListening = false;

/**
 * Listens for such changes in this thread, after Node.js's own listeners. Node.js installs handlers only in the
 * main thread: if that thread maps no file, each call on a memory has to ask the system for the handler.
 */
function keepHandler() {
  if (isListening) return;
  isListening = true;
  try {
    processOn(process, "newListener", changed);
    processOn(process, "removeListener", changed);
  } catch {
    // Node.js's emitter calls functions that a program can replace. Each call then has to ask the system.
    return;
  }
  if (hasAllEvents && isMainThread()) native.expectRearm();
}

/** @param {unknown} name */
function changed(name) {
  if (name === "SIGBUS") native.rearm();
}

module.exports = { keepHandler };
