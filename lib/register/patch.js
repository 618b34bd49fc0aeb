"use strict";

/** A property with another value, until it is taken back. */
class Patch {
  #object;
  #key;
  #before;
  #value;

  /** Attributes stay as they are; where there was no property, they are those of a built-in method. */
  constructor(object, key, value) {
    this.#object = object;
    this.#key = key;
    this.#value = value;
    this.#before = Object.getOwnPropertyDescriptor(object, key);
    const { writable = true, enumerable = false, configurable = true } = this.#before ?? {};
    Object.defineProperty(object, key, { value, writable, enumerable, configurable });
  }

  /** Leaves the property alone where someone else has replaced it since. */
  takeBack() {
    const now = Object.getOwnPropertyDescriptor(this.#object, this.#key);
    if (now?.value !== this.#value) return;
    if (this.#before === undefined) delete this.#object[this.#key];
    else Object.defineProperty(this.#object, this.#key, this.#before);
  }
}

module.exports = { Patch };
