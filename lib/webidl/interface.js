"use strict";

// What Web IDL requires of the class of an interface, beyond what JavaScript's `class` gives it.

const { typeError } = require("../built-ins/errors");
const {
  ObjectDefineProperty,
  ObjectPrototype,
  ObjectSetPrototypeOf,
  ReflectOwnKeys,
  SymbolDispose,
  SymbolToStringTag,
} = require("../built-ins/primordials");

/** @typedef {Function & Record<PropertyKey, any>} Class */

/**
 * Gives a class that extends null what Web IDL requires of an interface: its members are enumerable, its
 * prototype inherits from Object.prototype, and `Object.prototype.toString` reports `name` for its objects.
 *
 * This is one function, since the engine compiles each function that runs while the package loads.
 *
 * @param {Class} Class
 * @param {string} name
 * @param {Function} [dispose] the method that a `using` declaration calls, if this engine has `Symbol.dispose`
 */
function defineInterface(Class, name, dispose = undefined) {
  const { prototype } = Class;
  ObjectSetPrototypeOf(prototype, ObjectPrototype);
  const enumerable = { __proto__: null, enumerable: true };
  const members = ReflectOwnKeys(prototype);
  for (let i = 0; i < members.length; i++) {
    if (members[i] !== "constructor") ObjectDefineProperty(prototype, members[i], enumerable);
  }
  const statics = ReflectOwnKeys(Class);
  for (let i = 0; i < statics.length; i++) {
    // The `name`, `length` and `prototype` of a class are not functions.
    const isMethod = typeof Class[statics[i]] === "function";
    if (isMethod) ObjectDefineProperty(Class, statics[i], enumerable);
  }
  const hidden = { __proto__: null, value: name, configurable: true };
  ObjectDefineProperty(prototype, SymbolToStringTag, hidden);
  if (dispose === undefined || SymbolDispose === undefined) return;
  const method = { __proto__: null, value: dispose, writable: true, configurable: true };
  ObjectDefineProperty(prototype, SymbolDispose, method);
}

/**
 * Returns the error for `new` of a class whose objects a program cannot make in this way.
 *
 * @param {string} name
 * @param {string} reason
 */
function illegalConstructor(name, reason) {
  return typeError("ERR_LINEAR_MEMORY_ILLEGAL_CONSTRUCTOR", `${name}: ${reason}`);
}

module.exports = { defineInterface, illegalConstructor };
