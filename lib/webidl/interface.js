"use strict";

// What Web IDL asks of the class of an interface, beyond what JavaScript's `class` gives it.

const {
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectPrototype,
  ObjectSetPrototypeOf,
  ReflectOwnKeys,
  SymbolDispose,
  SymbolToStringTag,
  TypeError,
} = require("../built-ins/primordials");

/** @typedef {Function & { prototype: object }} Class */

/**
 * Makes a class that extends null the class of an interface: its members are enumerable, its prototype
 * inherits from Object.prototype, and `Object.prototype.toString` names its objects.
 *
 * @param {Class} Class
 * @param {object} options
 * @param {string} options.name the name for `Object.prototype.toString`
 * @param {Function} [options.dispose] the method that is also called at the end of a `using`
 */
function defineInterface(Class, { name, dispose }) {
  const { prototype } = Class;
  ObjectSetPrototypeOf(prototype, ObjectPrototype);
  makeEnumerable(prototype, (key) => key !== "constructor");
  // Its own `name`, `length` and `prototype` are not functions.
  makeEnumerable(Class, (_, { value }) => typeof value === "function");
  defineHidden(prototype, SymbolToStringTag, name, false);
  if (dispose !== undefined && SymbolDispose !== undefined) {
    defineHidden(prototype, SymbolDispose, dispose, true);
  }
}

/**
 * @param {object} object
 * @param {(key: PropertyKey, descriptor: PropertyDescriptor) => boolean} isMember
 */
function makeEnumerable(object, isMember) {
  const keys = ReflectOwnKeys(object);
  for (let i = 0; i < keys.length; i++) {
    const descriptor = ObjectGetOwnPropertyDescriptor(object, keys[i]);
    if (descriptor === undefined || !isMember(keys[i], descriptor)) continue;
    ObjectDefineProperty(object, keys[i], { __proto__: null, enumerable: true });
  }
}

/**
 * @param {object} object
 * @param {PropertyKey} key
 * @param {unknown} value
 * @param {boolean} writable
 */
function defineHidden(object, key, value, writable) {
  const attributes = { writable, enumerable: false, configurable: true };
  ObjectDefineProperty(object, key, { __proto__: null, value, ...attributes });
}

/**
 * Returns the error of a class whose objects a program cannot make with `new`.
 *
 * @param {string} name
 * @param {string} reason
 */
function illegalConstructor(name, reason) {
  return new TypeError(`${name}: ${reason}`);
}

module.exports = { defineInterface, illegalConstructor };
