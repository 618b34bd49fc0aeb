"use strict";

// Errors with a `code`, by which programs tell them apart, like those of Node.js. index.d.ts lists all codes
// with their meanings. The code is an own property, defined instead of assigned: a program can put setters on
// the prototypes of errors, which would intercept an assignment.

/** @import { Bare } from "./primordials" */

const {
  ObjectDefineProperty,
  ObjectHasOwn,
  RangeError,
  SyntaxError,
  TypeError,
} = require("./primordials");

/**
 * Returns a TypeError. The `cause`, if any, is the error that led to it.
 *
 * @param {string} code
 * @param {string} message
 * @param {unknown} [cause]
 */
function typeError(code, message, cause = undefined) {
  return withCode(TypeError, code, message, cause);
}

/**
 * Returns a RangeError. The `cause`, if any, is the error that led to it.
 *
 * @param {string} code
 * @param {string} message
 * @param {unknown} [cause]
 */
function rangeError(code, message, cause = undefined) {
  return withCode(RangeError, code, message, cause);
}

/**
 * Returns a SyntaxError.
 *
 * @param {string} code
 * @param {string} message
 */
function syntaxError(code, message) {
  return withCode(SyntaxError, code, message, undefined);
}

/**
 * @template E
 * @typedef {new (message: string, options?: Bare<ErrorOptions>) => E} ErrorClass
 */

/**
 * @template {Error} E
 * @param {ErrorClass<E>} Class
 * @param {string} code
 * @param {string} message
 * @param {unknown} cause
 */
function withCode(Class, code, message, cause) {
  const error =
    cause === undefined ? new Class(message) : new Class(message, { __proto__: null, cause });
  setOwn(error, "code", code);
  return error;
}

/**
 * Defines a property of an error, whatever a program has put on the prototypes of errors.
 *
 * @param {object} error
 * @param {string} key
 * @param {unknown} value
 */
function setOwn(error, key, value) {
  const attributes = { writable: true, enumerable: true, configurable: true };
  ObjectDefineProperty(error, key, { __proto__: null, value, ...attributes });
}

/**
 * Returns whether an error has that code as a property of its own.
 *
 * @param {object} error
 * @param {string} code
 */
function hasCode(error, code) {
  return ObjectHasOwn(error, "code") && error.code === code;
}

module.exports = { typeError, rangeError, syntaxError, setOwn, hasCode };
