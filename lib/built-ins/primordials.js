"use strict";

// The built-ins of the language that this package uses, taken when it loads. A program can replace or delete
// every one of them later. They have the names that Node.js itself uses: `ObjectFreeze` is `Object.freeze`,
// and `WeakMapPrototypeGet(map, key)` is `map.get(key)`.
//
// Syntax looks up built-ins, too. `for-of`, spread and array patterns run `Array.prototype`'s iterator;
// `instanceof` runs `Symbol.hasInstance`; an object literal without `__proto__: null` inherits what a
// program puts on `Object.prototype`, so it must not be a property descriptor, options or a handler.
// The rules in eslint.config.js refuse such syntax if they can recognize it.

/**
 * An object literal that the engine reads: options, a property descriptor, or a handler.
 *
 * @template T
 * @typedef {T & { __proto__: null }} Bare
 */

/**
 * A method as a function whose first argument is the receiver.
 *
 * @template T
 * @template {keyof T} K
 * @typedef {T[K] extends (...args: infer A) => infer R ? (receiver: T, ...args: A) => R : never} Method
 */

const { bind, call } = Function.prototype;

/**
 * Returns `method` as a function whose first argument is the receiver. The caller states its type: TypeScript
 * loses type parameters here.
 *
 * @type {(method: Function) => unknown}
 */
const uncurryThis = bind.bind(call);

/**
 * Returns a method as a function.
 *
 * @template T
 * @template {keyof T} K
 * @param {T} prototype
 * @param {K} key
 */
const methodOf = (prototype, key) =>
  /** @type {Method<T, K>} */ (uncurryThis(/** @type {Function} */ (prototype[key])));

/**
 * Returns the getter of a property as a function.
 *
 * @template T
 * @template {keyof T & string} K
 * @param {T} prototype
 * @param {K} key
 */
const getterOf = (prototype, key) => {
  const { get } = /** @type {PropertyDescriptor} */ (
    Object.getOwnPropertyDescriptor(prototype, key)
  );
  return /** @type {(receiver: T) => T[K]} */ (uncurryThis(/** @type {Function} */ (get)));
};

/**
 * Returns a method as a function, or undefined if the engine lacks it.
 *
 * @template T
 * @template {keyof T} K
 * @param {T} prototype
 * @param {K} key
 */
const methodIfAny = (prototype, key) => (prototype[key] ? methodOf(prototype, key) : undefined);

/**
 * Returns the getter of a property as a function, or undefined if the engine lacks it.
 *
 * @template T
 * @template {keyof T & string} K
 * @param {T} prototype
 * @param {K} key
 */
const getterIfAny = (prototype, key) =>
  Object.hasOwn(/** @type {object} */ (prototype), key) ? getterOf(prototype, key) : undefined;

/** @type {Uint8Array} */
const typedArray = Object.getPrototypeOf(Uint8Array).prototype;

/**
 * @typedef {<T>(registry: FinalizationRegistry<T>, target: WeakKey, held: T) => void} Register
 * @typedef {<T>(Class: abstract new (...args: never[]) => T, value: unknown) => value is T} HasInstance
 * @typedef {<T extends object>(
 *   object: T,
 *   key: PropertyKey,
 *   descriptor: Bare<PropertyDescriptor>,
 * ) => T} DefineProperty
 * @typedef {<K extends PropertyKey>(object: object, key: K) => object is { [key in K]: unknown }} HasOwn
 * @typedef {{
 *   <R>(target: (...args: never[]) => R, receiver: unknown, args: readonly unknown[]): R;
 *   (target: Function, receiver: unknown, args: readonly unknown[]): unknown;
 * }} Apply
 * @typedef {(value: unknown) => value is number} IsNumber
 * @typedef {(target: Function, args: readonly unknown[], newTarget?: Function) => object} Construct
 * @typedef {new <T extends object>(target: T, handler: Bare<ProxyHandler<T>>) => T} ProxyClass
 */

/**
 * @typedef {<K>(map: Map<K, unknown>, key: K) => boolean} MapDelete
 * @typedef {<K, V>(map: Map<K, V>, key: K) => V | undefined} MapGet
 * @typedef {<K, V>(map: Map<K, V>, key: K, value: V) => Map<K, V>} MapSet
 * @typedef {<K extends WeakKey>(map: WeakMap<K, unknown>, key: K) => boolean} WeakMapHas
 * @typedef {<K extends WeakKey, V>(map: WeakMap<K, V>, key: K) => V | undefined} WeakMapGet
 * @typedef {<K extends WeakKey, V>(map: WeakMap<K, V>, key: K, value: V) => WeakMap<K, V>} WeakMapSet
 * @typedef {<T extends WeakKey>(reference: WeakRef<T>) => T | undefined} Deref
 */

module.exports = {
  uncurryThis,
  methodOf,
  getterOf,

  ArrayBuffer,
  ArrayBufferPrototypeGetByteLength: getterOf(ArrayBuffer.prototype, "byteLength"),
  /** Undefined on Node.js 20. */
  ArrayBufferPrototypeGetDetached: getterIfAny(ArrayBuffer.prototype, "detached"),
  ArrayBufferPrototypeGetMaxByteLength: getterIfAny(ArrayBuffer.prototype, "maxByteLength"),
  ArrayBufferPrototypeResize: methodIfAny(ArrayBuffer.prototype, "resize"),
  ArrayBufferPrototypeTransfer: ArrayBuffer.prototype.transfer,
  ArrayBufferPrototypeTransferToFixedLength: ArrayBuffer.prototype.transferToFixedLength,
  ArrayPrototypeJoin: methodOf(/** @type {unknown[]} */ (Array.prototype), "join"),
  BigInt,
  Boolean,
  Error,
  FinalizationRegistry,
  FinalizationRegistryPrototype: FinalizationRegistry.prototype,
  FinalizationRegistryPrototypeRegister: /** @type {Register} */ (
    uncurryThis(FinalizationRegistry.prototype.register)
  ),
  /** `value instanceof Class`, if the class has no `Symbol.hasInstance` of its own. */
  FunctionPrototypeSymbolHasInstance: /** @type {HasInstance} */ (
    uncurryThis(Function.prototype[Symbol.hasInstance])
  ),
  JSONStringify: JSON.stringify,
  Map,
  MapPrototypeDelete: /** @type {MapDelete} */ (uncurryThis(Map.prototype.delete)),
  MapPrototypeGet: /** @type {MapGet} */ (uncurryThis(Map.prototype.get)),
  MapPrototypeSet: /** @type {MapSet} */ (uncurryThis(Map.prototype.set)),
  MathCeil: Math.ceil,
  MathFloor: Math.floor,
  MathMax: Math.max,
  MathMin: Math.min,
  MathTrunc: Math.trunc,
  Number,
  NumberIsInteger: /** @type {IsNumber} */ (Number.isInteger),
  NumberIsSafeInteger: /** @type {IsNumber} */ (Number.isSafeInteger),
  NumberMAX_SAFE_INTEGER: Number.MAX_SAFE_INTEGER,
  NumberParseInt: Number.parseInt,
  ObjectCreate: Object.create,
  ObjectDefineProperty: /** @type {DefineProperty} */ (Object.defineProperty),
  ObjectFreeze: Object.freeze,
  ObjectGetOwnPropertyDescriptor: Object.getOwnPropertyDescriptor,
  ObjectGetPrototypeOf: /** @type {(object: object) => object | null} */ (Object.getPrototypeOf),
  ObjectHasOwn: /** @type {HasOwn} */ (Object.hasOwn),
  ObjectIsExtensible: Object.isExtensible,
  ObjectKeys: Object.keys,
  ObjectPrototype: Object.prototype,
  ObjectSetPrototypeOf: Object.setPrototypeOf,
  Proxy: /** @type {ProxyClass} */ (Proxy),
  RangeError,
  ReflectApply: /** @type {Apply} */ (Reflect.apply),
  ReflectConstruct: /** @type {Construct} */ (Reflect.construct),
  ReflectDeleteProperty: Reflect.deleteProperty,
  ReflectGet: /** @type {(object: object, key: PropertyKey) => unknown} */ (Reflect.get),
  ReflectOwnKeys: Reflect.ownKeys,
  ReflectSetPrototypeOf: Reflect.setPrototypeOf,
  SharedArrayBuffer,
  SharedArrayBufferPrototypeGetByteLength: getterOf(SharedArrayBuffer.prototype, "byteLength"),
  String,
  StringPrototypeIncludes: methodOf(String.prototype, "includes"),
  SymbolDispose: /** @type {symbol | undefined} */ (Symbol.dispose),
  SymbolFor: Symbol.for,
  SymbolIterator: /** @type {typeof Symbol.iterator} */ (Symbol.iterator),
  SymbolToPrimitive: /** @type {typeof Symbol.toPrimitive} */ (Symbol.toPrimitive),
  SymbolToStringTag: /** @type {typeof Symbol.toStringTag} */ (Symbol.toStringTag),
  SyntaxError,
  TypeError,
  TypedArrayPrototypeGetByteLength: getterOf(typedArray, "byteLength"),
  Uint8Array,
  WeakMap,
  WeakMapPrototypeDelete: /** @type {WeakMapHas} */ (uncurryThis(WeakMap.prototype.delete)),
  WeakMapPrototypeGet: /** @type {WeakMapGet} */ (uncurryThis(WeakMap.prototype.get)),
  WeakMapPrototypeHas: /** @type {WeakMapHas} */ (uncurryThis(WeakMap.prototype.has)),
  WeakMapPrototypeSet: /** @type {WeakMapSet} */ (uncurryThis(WeakMap.prototype.set)),
  WeakRef,
  WeakRefPrototypeDeref: /** @type {Deref} */ (uncurryThis(WeakRef.prototype.deref)),
  /** Undefined if the engine runs without it. */
  WebAssembly: /** @type {typeof WebAssembly | undefined} */ (globalThis.WebAssembly),
  platform: process.platform,
};
