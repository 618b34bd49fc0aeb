"use strict";

// Objects of interfaces: Web IDL calls them platform objects.

const { FinalizationRegistry, ReflectConstruct } = require("../built-ins/primordials");

const ARGUMENTS = [() => {}];

/**
 * Creates an object with the prototype of a class. Serializers refuse it.
 *
 * A serializer takes an ordinary object without its private fields: a memory would silently arrive in
 * another thread as an empty object. All serializers refuse a `FinalizationRegistry`, with a
 * DataCloneError. With another prototype, it looks like an ordinary object otherwise.
 *
 * @param {Function} newTarget
 */
function createPlatformObject(newTarget) {
  return ReflectConstruct(FinalizationRegistry, ARGUMENTS, newTarget);
}

/**
 * The base of a class that adds its private fields to an object that exists: the constructor returns the
 * object that it is given.
 */
const ExistingObject = /** @type {new (object: object) => object} */ (
  /** @type {unknown} */ (
    function (/** @type {object} */ object) {
      return object;
    }
  )
);

module.exports = { createPlatformObject, ExistingObject };
