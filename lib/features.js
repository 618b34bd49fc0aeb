"use strict";

const engine = require("./engine");
const native = require("../native");

// Before V8 12, waiters of Atomics remember the backing store they wait on, and a notify through
// another one over the same address frees memory that is not its own.
const FIRST_SAFE_V8 = 12;

/** What this engine offers. */
const features = Object.freeze({
  handoff: native.handoffName(),

  detachKeys: native.hasDetachKeys(),

  hugePages: native.hasHugePages(),

  get memory64() {
    return engine.has64();
  },

  get externalSharedBuffers() {
    return native.hasExternalSharedBuffers() && parseInt(process.versions.v8) >= FIRST_SAFE_V8;
  },
});

module.exports = { features };
