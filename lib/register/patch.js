"use strict";

const { typeError } = require("../built-ins/errors");
const {
  Map,
  MapPrototypeGet,
  MapPrototypeSet,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ObjectSetPrototypeOf,
  ReflectDeleteProperty,
  ReflectOwnKeys,
  WeakMap,
  WeakMapPrototypeDelete,
  WeakMapPrototypeGet,
  WeakMapPrototypeSet,
} = require("../built-ins/primordials");
const { shared } = require("../addon/realm");

/**
 * The values that are replaced, for all copies of this package in a thread: for each object and place, a map
 * from each replacement to the value that it replaced. So the copies can be undone in any order.
 *
 * @type {WeakMap<object, Map<PropertyKey, WeakMap<object, object | undefined>>>}
 */
const places = shared("replaced", () => new WeakMap());

/** The replacements at one place of an object: each has replaced the one below it. */
class Layers {
  #below;

  /**
   * @param {object} object
   * @param {PropertyKey} place
   */
  constructor(object, place) {
    let all = WeakMapPrototypeGet(places, object);
    if (all === undefined) WeakMapPrototypeSet(places, object, (all = new Map()));
    let below = MapPrototypeGet(all, place);
    if (below === undefined) MapPrototypeSet(all, place, (below = new WeakMap()));
    this.#below = below;
  }

  /**
   * @param {object} replacement
   * @param {object | undefined} replaced
   */
  put(replacement, replaced) {
    WeakMapPrototypeSet(this.#below, replacement, replaced);
  }

  /**
   * Removes a replacement, and returns the value that it replaced. `top` is the value in place now.
   *
   * @param {object} replacement
   * @param {object | undefined} top
   */
  remove(replacement, top) {
    const below = this.#below;
    const replaced = WeakMapPrototypeGet(below, replacement);
    for (let layer = top; layer !== undefined; layer = WeakMapPrototypeGet(below, layer)) {
      if (WeakMapPrototypeGet(below, layer) !== replacement) continue;
      WeakMapPrototypeSet(below, layer, replaced);
      break;
    }
    WeakMapPrototypeDelete(below, replacement);
    return replaced;
  }
}

/** A patch that replaces the value or the getter of a property. */
class Patch {
  #object;
  #key;
  #field;
  #layers;
  #replacement;

  /**
   * Replaces the `field` of the property. Keeps its attributes.
   *
   * @param {object} object
   * @param {PropertyKey} key
   * @param {object} replacement
   * @param {"value" | "get"} [field]
   */
  constructor(object, key, replacement, field = "value") {
    const before = /** @type {PropertyDescriptor} */ (ObjectGetOwnPropertyDescriptor(object, key));
    define(object, key, before, field, replacement);
    this.#object = object;
    this.#key = key;
    this.#field = field;
    this.#replacement = replacement;
    this.#layers = new Layers(object, key);
    this.#layers.put(replacement, before[field]);
  }

  /** Restores the property, unless other code has replaced it since. */
  undo() {
    const now = ObjectGetOwnPropertyDescriptor(this.#object, this.#key);
    const replaced = this.#layers.remove(this.#replacement, now?.[this.#field]);
    if (now?.[this.#field] !== this.#replacement) return;
    define(this.#object, this.#key, now, this.#field, replaced);
  }
}

/**
 * @param {object} object
 * @param {PropertyKey} key
 * @param {PropertyDescriptor} attributes
 * @param {"value" | "get"} field
 * @param {object | undefined} replacement
 */
function define(object, key, attributes, field, replacement) {
  ObjectDefineProperty(object, key, { __proto__: null, ...attributes, [field]: replacement });
}

/** A patch that replaces the prototype of an object. */
class PrototypePatch {
  #object;
  #layers;
  #prototype;

  /**
   * @param {object} object
   * @param {object} prototype
   */
  constructor(object, prototype) {
    const before = /** @type {object} */ (ObjectGetPrototypeOf(object));
    ObjectSetPrototypeOf(object, prototype);
    this.#object = object;
    this.#prototype = prototype;
    this.#layers = new Layers(object, "[[Prototype]]");
    this.#layers.put(prototype, before);
  }

  /** Restores the prototype, unless other code has replaced it since. */
  undo() {
    const now = ObjectGetPrototypeOf(this.#object);
    const replaced = this.#layers.remove(this.#prototype, now ?? undefined);
    if (now === this.#prototype)
      ObjectSetPrototypeOf(this.#object, /** @type {object} */ (replaced));
  }
}

/** A patch that removes a property. */
class Removal {
  #object;
  #key;
  #descriptor;
  #after;

  /**
   * @param {object} object
   * @param {string} key
   */
  constructor(object, key) {
    const descriptor = /** @type {PropertyDescriptor} */ (
      ObjectGetOwnPropertyDescriptor(object, key)
    );
    const keys = ReflectOwnKeys(object);
    if (!ReflectDeleteProperty(object, key)) {
      throw typeError(
        "ERR_LINEAR_MEMORY_FROZEN",
        `linear-memory/register: cannot remove ${key} from a frozen object`,
      );
    }
    this.#object = object;
    this.#key = key;
    this.#descriptor = descriptor;
    this.#after = keys;
  }

  /** Restores the property at its place in the order of properties, by redefining all that follow it. */
  undo() {
    const object = this.#object;
    if (ObjectGetOwnPropertyDescriptor(object, this.#key) !== undefined) return;
    redefine(object, this.#key, this.#descriptor);
    let isBehind = false;
    for (let i = 0; i < this.#after.length; i++) {
      const key = this.#after[i];
      const descriptor = ObjectGetOwnPropertyDescriptor(object, key);
      if (isBehind && descriptor?.configurable) {
        ReflectDeleteProperty(object, key);
        redefine(object, key, descriptor);
      }
      if (key === this.#key) isBehind = true;
    }
  }
}

/**
 * @param {object} object
 * @param {PropertyKey} key
 * @param {PropertyDescriptor} descriptor
 */
function redefine(object, key, descriptor) {
  ObjectDefineProperty(object, key, { __proto__: null, ...descriptor });
}

module.exports = { Patch, PrototypePatch, Removal };
