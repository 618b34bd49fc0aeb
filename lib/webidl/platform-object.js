"use strict";

// Objects that no serializer takes. An ordinary object is serialized as one without its private fields:
// a memory would arrive in another thread as an empty object, in silence. What `FinalizationRegistry`
// makes is refused by all of them, with a DataCloneError, and looks like an ordinary object otherwise.

const { FinalizationRegistry, ReflectConstruct } = require("../built-ins/primordials");

const ARGUMENTS = [() => {}];

/** A new object with the prototype of a class. */
function createExotic(newTarget) {
  return ReflectConstruct(FinalizationRegistry, ARGUMENTS, newTarget);
}

module.exports = { createExotic };
