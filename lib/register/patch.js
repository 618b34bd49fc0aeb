"use strict";

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
  TypeError,
  WeakMap,
  WeakMapPrototypeDelete,
  WeakMapPrototypeGet,
  WeakMapPrototypeSet,
} = require("../built-ins/primordials");
const { shared } = require("../addon/realm");

/**
 * What is replaced, for all copies of this package in a thread: by object and place, a map from each
 * replacement to what it replaced. So the copies can be undone in any order.
 */
const places = shared("replaced", () => new WeakMap());

class Layers {
  #below;

  constructor(object, place) {
    let all = WeakMapPrototypeGet(places, object);
    if (all === undefined) WeakMapPrototypeSet(places, object, (all = new Map()));
    this.#below = MapPrototypeGet(all, place);
    if (this.#below === undefined) MapPrototypeSet(all, place, (this.#below = new WeakMap()));
  }

  put(replacement, replaced) {
    WeakMapPrototypeSet(this.#below, replacement, replaced);
  }

  /** What is under a replacement that is in place; `top` is what is there now. */
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

/** A property with another value, or with another getter, until it is taken back. */
class Patch {
  #object;
  #key;
  #field;
  #layers;
  #replacement;

  /** Attributes stay as they are. `field` says what is replaced: "value" or "get". */
  constructor(object, key, replacement, field = "value") {
    const before = ObjectGetOwnPropertyDescriptor(object, key);
    define(object, key, before, field, replacement);
    this.#object = object;
    this.#key = key;
    this.#field = field;
    this.#replacement = replacement;
    this.#layers = new Layers(object, key);
    this.#layers.put(replacement, before[field]);
  }

  /** Leaves the property alone if someone else has replaced it since. */
  undo() {
    const now = ObjectGetOwnPropertyDescriptor(this.#object, this.#key);
    const replaced = this.#layers.remove(this.#replacement, now?.[this.#field]);
    if (now?.[this.#field] !== this.#replacement) return;
    define(this.#object, this.#key, now, this.#field, replaced);
  }
}

function define(object, key, attributes, field, replacement) {
  ObjectDefineProperty(object, key, { __proto__: null, ...attributes, [field]: replacement });
}

/** An object that inherits from another one, until that is taken back. */
class PrototypePatch {
  #object;
  #layers;
  #prototype;

  constructor(object, prototype) {
    const before = ObjectGetPrototypeOf(object);
    ObjectSetPrototypeOf(object, prototype);
    this.#object = object;
    this.#prototype = prototype;
    this.#layers = new Layers(object, "[[Prototype]]");
    this.#layers.put(prototype, before);
  }

  undo() {
    const now = ObjectGetPrototypeOf(this.#object);
    const replaced = this.#layers.remove(this.#prototype, now ?? undefined);
    if (now === this.#prototype) ObjectSetPrototypeOf(this.#object, replaced);
  }
}

/** A property that is not there, until that is taken back. */
class Removal {
  #object;
  #key;
  #descriptor;
  #after;

  constructor(object, key) {
    const descriptor = ObjectGetOwnPropertyDescriptor(object, key);
    const keys = ReflectOwnKeys(object);
    if (!ReflectDeleteProperty(object, key)) {
      throw new TypeError(`linear-memory/register: ${key} of a frozen object`);
    }
    this.#object = object;
    this.#key = key;
    this.#descriptor = descriptor;
    this.#after = keys;
  }

  /** Puts it back where it was in the order of properties: those behind it are put back, too. */
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

function redefine(object, key, descriptor) {
  ObjectDefineProperty(object, key, { __proto__: null, ...descriptor });
}

module.exports = { Patch, PrototypePatch, Removal };
