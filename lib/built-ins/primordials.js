"use strict";

// The language's built-ins that this package uses, taken when it loads. A program can replace or delete
// every one of them later. Names are those that Node.js itself uses: `ObjectFreeze` is `Object.freeze`,
// and `WeakMapPrototypeGet(map, key)` is `map.get(key)`.
//
// Syntax looks up built-ins, too. `for-of`, spread and array patterns run `Array.prototype`'s iterator;
// `instanceof` runs `Symbol.hasInstance`; an object literal without `__proto__: null` inherits what a
// program puts on `Object.prototype`, so it must not be a property descriptor, options or a handler.
// The rules in eslint.config.js refuse what can be recognised.

const { bind, call } = Function.prototype;

/** `method` as a function whose first argument is the receiver. */
const uncurryThis = bind.bind(call);

const getterOf = (prototype, key) => {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, key);
  return descriptor && uncurryThis(descriptor.get);
};

/** The method as a function, or undefined if the engine lacks it. */
const methodOf = (prototype, key) => prototype[key] && uncurryThis(prototype[key]);

const typedArray = Object.getPrototypeOf(Uint8Array).prototype;
const hasInstance = uncurryThis(Function.prototype[Symbol.hasInstance]);

module.exports = {
  uncurryThis,

  ArrayBuffer,
  ArrayBufferPrototypeGetByteLength: getterOf(ArrayBuffer.prototype, "byteLength"),
  /** Not on Node.js 20. */
  ArrayBufferPrototypeGetDetached: getterOf(ArrayBuffer.prototype, "detached"),
  ArrayBufferPrototypeGetMaxByteLength: getterOf(ArrayBuffer.prototype, "maxByteLength"),
  ArrayBufferPrototypeResize: methodOf(ArrayBuffer.prototype, "resize"),
  ArrayBufferPrototypeTransfer: ArrayBuffer.prototype.transfer,
  ArrayBufferPrototypeTransferToFixedLength: ArrayBuffer.prototype.transferToFixedLength,
  ArrayIsArray: Array.isArray,
  ArrayPrototypeJoin: uncurryThis(Array.prototype.join),
  BigInt,
  Boolean,
  Error,
  FinalizationRegistry,
  FinalizationRegistryPrototype: FinalizationRegistry.prototype,
  FinalizationRegistryPrototypeRegister: uncurryThis(FinalizationRegistry.prototype.register),
  /** `value instanceof Class`, if the class has no `Symbol.hasInstance` of its own. */
  FunctionPrototypeSymbolHasInstance: hasInstance,
  FunctionPrototype: Function.prototype,
  JSONStringify: JSON.stringify,
  Map,
  MapPrototypeDelete: uncurryThis(Map.prototype.delete),
  MapPrototypeGet: uncurryThis(Map.prototype.get),
  MapPrototypeSet: uncurryThis(Map.prototype.set),
  MathCeil: Math.ceil,
  MathFloor: Math.floor,
  MathMax: Math.max,
  MathMin: Math.min,
  MathTrunc: Math.trunc,
  Number,
  NumberIsInteger: Number.isInteger,
  NumberIsSafeInteger: Number.isSafeInteger,
  NumberMAX_SAFE_INTEGER: Number.MAX_SAFE_INTEGER,
  NumberParseInt: Number.parseInt,
  ObjectCreate: Object.create,
  ObjectDefineProperty: Object.defineProperty,
  ObjectFreeze: Object.freeze,
  ObjectGetOwnPropertyDescriptor: Object.getOwnPropertyDescriptor,
  ObjectGetPrototypeOf: Object.getPrototypeOf,
  ObjectHasOwn: Object.hasOwn,
  ObjectIsExtensible: Object.isExtensible,
  ObjectKeys: Object.keys,
  ObjectPrototype: Object.prototype,
  ObjectSetPrototypeOf: Object.setPrototypeOf,
  Proxy,
  RangeError,
  ReflectApply: Reflect.apply,
  ReflectConstruct: Reflect.construct,
  ReflectDeleteProperty: Reflect.deleteProperty,
  ReflectGet: Reflect.get,
  ReflectOwnKeys: Reflect.ownKeys,
  ReflectSetPrototypeOf: Reflect.setPrototypeOf,
  RegExpPrototypeExec: uncurryThis(RegExp.prototype.exec),
  SharedArrayBuffer,
  SharedArrayBufferPrototypeGetByteLength: getterOf(SharedArrayBuffer.prototype, "byteLength"),
  String,
  StringPrototypeIncludes: uncurryThis(String.prototype.includes),
  SymbolDispose: Symbol.dispose,
  SymbolFor: Symbol.for,
  SymbolIterator: Symbol.iterator,
  SymbolToPrimitive: Symbol.toPrimitive,
  SymbolToStringTag: Symbol.toStringTag,
  SyntaxError,
  TypeError,
  TypedArrayPrototypeGetByteLength: getterOf(typedArray, "byteLength"),
  Uint8Array,
  WeakMap,
  WeakMapPrototypeDelete: uncurryThis(WeakMap.prototype.delete),
  WeakMapPrototypeGet: uncurryThis(WeakMap.prototype.get),
  WeakMapPrototypeHas: uncurryThis(WeakMap.prototype.has),
  WeakMapPrototypeSet: uncurryThis(WeakMap.prototype.set),
  WeakRef,
  WeakRefPrototypeDeref: uncurryThis(WeakRef.prototype.deref),
  /** Undefined if the engine runs without it. */
  WebAssembly: globalThis.WebAssembly,
  platform: process.platform,
};
