"use strict";

const js = require("@eslint/js");
const globals = require("globals");

// The package takes built-ins, which programs can replace, when it loads: see lib/built-ins/.
const PACKAGE = ["index.js", "register.js", "native.js", "lib/**/*.js"];

// Programs cannot replace the names of the module system, and `undefined`.
const MODULE_NAMES = new Set(["undefined", "NaN", "Infinity", "require", "module", "__dirname"]);
const builtIns = Object.keys({ ...globals.builtin, ...globals.node, WebAssembly: false })
  .filter((name) => !MODULE_NAMES.has(name))
  .map((name) => ({
    name,
    message: "Take it from lib/built-ins/primordials.js, which loads first.",
  }));

// Methods of built-in prototypes. The objects named here are the package's own, with methods of the same names.
const METHODS =
  "at|push|pop|shift|unshift|splice|slice|concat|map|filter|find|findIndex|forEach|includes|indexOf|some|every|reduce|join|sort|reverse|fill|flat|flatMap|subarray|entries|keys|values|startsWith|endsWith|replace|replaceAll|split|trim|padStart|exec|test|match|then|catch|finally|has|get|set|add|delete|deref|unref|call|apply|bind|toString|valueOf|hasOwnProperty";
const OWN_OBJECTS = "Slot|ImageSlot|native|engine|identity|pages";

const LATE_LOOKUPS = [
  ["ForOfStatement", "runs Array.prototype's iterator: count with an index"],
  ["ForInStatement", "reads what a program puts on Object.prototype"],
  ["ArrayPattern", "runs Array.prototype's iterator: read by index"],
  ["ArrayExpression > SpreadElement", "runs Array.prototype's iterator: copy by index"],
  ["CallExpression > SpreadElement", "runs Array.prototype's iterator: use ReflectApply"],
  ["NewExpression > SpreadElement", "runs Array.prototype's iterator: use ReflectConstruct"],
  ["YieldExpression", "runs an iterator's prototype: return an array"],
  ["BinaryExpression[operator='instanceof']", "runs Symbol.hasInstance: ask by a brand"],
  [
    `CallExpression[callee.property.name=/^(${METHODS})$/]:not([callee.object.name=/^(${OWN_OBJECTS})$/])`,
    "looks up a method of a built-in prototype: use the function from lib/built-ins/primordials.js",
  ],
  [
    "CallExpression[callee.name='require'][arguments.0.value=/^node:/]",
    "may run when a program has replaced what is there: take it from lib/built-ins/node.js",
  ],
  [
    "NewExpression[callee.name=/^(TypeError|RangeError|SyntaxError)$/]",
    "makes an error without a code: use typeError() and the like from lib/built-ins/errors.js",
  ],
].map(([selector, why]) => ({ selector, message: `This ${why}.` }));

module.exports = [
  { ignores: ["target/"] },
  js.configs.recommended,
  {
    files: ["**/*.{js,mjs}"],
    languageOptions: { globals: globals.node },
    rules: { eqeqeq: "error", "no-var": "error", "prefer-const": "error" },
  },
  { files: ["**/*.js"], languageOptions: { sourceType: "commonjs" } },
  { files: ["__test__/**/*.js"], languageOptions: { globals: globals.jest } },
  {
    files: PACKAGE,
    ignores: ["lib/built-ins/{primordials,node}.js"],
    rules: {
      "no-restricted-globals": ["error", ...builtIns],
      "no-restricted-syntax": ["error", ...LATE_LOOKUPS],
    },
  },
];
