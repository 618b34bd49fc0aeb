"use strict";

// Registers where that fails halfway, and prints how many properties are still other than before.

Object.freeze(WebAssembly.Instance.prototype);

const values = () => [
  ...Object.values(Object.getOwnPropertyDescriptors(WebAssembly)),
  ...Object.values(Object.getOwnPropertyDescriptors(memory.prototype)),
];

const memory = WebAssembly.Memory;
const before = values();

try {
  require("../../register");
} catch (error) {
  console.log(String(error));
}

const replaced = values().filter(({ value }, index) => value !== before[index].value);
console.log(replaced.length, "replaced");
