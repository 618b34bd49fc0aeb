"use strict";

// When a program adds or removes a listener of SIGBUS, Node installs a handler of its own, or the default
// behaviour. Lost pages would then be touched again and again, or end the process. So the addon's handler
// is put in place again, over Node's, to which it passes on the signals that somebody sends.

const native = require("../../native");
const { isBun, process, processOn } = require("../built-ins/node");
const { isMainThread } = require("../built-ins/worker-threads");

/** Bun emits none when a listener is removed. */
const hasAllEvents = !isBun;

let isListening = false;

/**
 * Listens from now on, in this thread. Node's own listeners of these events were there before. Only in the
 * main thread does Node install handlers: if that maps no file, each call on a memory has to ask the system.
 */
function keepHandler() {
  if (isListening) return;
  isListening = true;
  try {
    processOn(process, "newListener", changed);
    processOn(process, "removeListener", changed);
  } catch {
    // Node's own emitter calls what a program can replace. As if the main thread maps no file.
    return;
  }
  if (hasAllEvents && isMainThread()) native.expectRearm();
}

function changed(name) {
  if (name === "SIGBUS") native.rearm();
}

module.exports = { keepHandler };
