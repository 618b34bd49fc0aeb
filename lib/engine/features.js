"use strict";

const engine = require("./memory");
const { hasCode } = require("../built-ins/errors");
const native = require("../../native");
const { v8Version } = require("../built-ins/node");
const {
  ArrayBufferPrototypeResize,
  NumberParseInt,
  ObjectFreeze,
} = require("../built-ins/primordials");

// Before V8 12, waiters of `Atomics.wait()` remember the backing store that they wait on, and a notify through
// another backing store over the same address frees memory that is not its own.
const FIRST_SAFE_V8 = 12;

/** @type {boolean | undefined} */
let hugePages;
/** @type {boolean | undefined} */
let pageStates;
/** @type {Readonly<{ unshared: boolean, shared: boolean }> | undefined} */
let resizableBuffers;

/** Returns whether the engine creates buffers over reserved pages. */
function hasExternalBuffers() {
  try {
    native.create(0, 0, false, false);
    return true;
  } catch (error) {
    return !hasCode(error, "ERR_LINEAR_MEMORY_NOT_SUPPORTED");
  }
}

/** What this engine and this system can do. Members that take time to find out are getters: few programs read them. */
const features = ObjectFreeze({
  handoff: native.handoffName(),

  detachKeys: native.hasDetachKeys(),

  get hugePages() {
    return (hugePages ??= native.hasHugePages());
  },

  get pageStates() {
    return (pageStates ??= native.reportsPageStates());
  },

  mappedFiles: native.mapsFiles(),

  waits: native.hasWaits(),

  get memory64() {
    return engine.has64();
  },

  get resizableBuffers() {
    return (resizableBuffers ??= ObjectFreeze({
      unshared:
        engine.hasResizable || (ArrayBufferPrototypeResize !== undefined && hasExternalBuffers()),
      shared: engine.hasResizable,
    }));
  },

  get externalSharedBuffers() {
    return native.hasExternalSharedBuffers() && NumberParseInt(v8Version, 10) >= FIRST_SAFE_V8;
  },
});

module.exports = { features };
