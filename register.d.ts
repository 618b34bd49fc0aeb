/**
 * Patches `WebAssembly` so that unmodified programs use `Memory`. Once this module is loaded,
 * `WebAssembly.Memory` is `Memory`, and `WebAssembly.instantiate()`, `WebAssembly.instantiateStreaming()`
 * and `new WebAssembly.Instance()` accept a `Memory` in an import object. Load it before the program, in
 * each thread: with `node --require linear-memory/register`, which workers inherit, or in the first line
 * of each thread.
 *
 * A new `Memory` is then an engine object with the members of `Memory`: modules, workers and native code
 * accept it as a `WebAssembly.Memory`. Its pages belong to the engine from the start, so importing it into
 * a module does not replace its buffer. There are two exceptions: memories of a type that the engine does
 * not support (64-bit addresses on Node.js 20 and 22), and memories that need reserved pages
 * (`hugePages`). These are made as without this module, and move into the engine when a module imports
 * them.
 *
 * Memories that modules export are such objects, too. Memories that another thread posts have the members
 * of `Memory` when they arrive, and get its prototype when one of these members is first used.
 *
 * `toResizableBuffer()` and `toFixedLengthBuffer()` exist only if the engine's own class has them.
 *
 * In programs that import this module, TypeScript accepts a `Memory` as a `WebAssembly.Memory`. If the
 * program is run with `--require` instead, name the module in its tsconfig.json:
 * `"types": ["linear-memory/register"]`.
 *
 * @module linear-memory/register
 */

/**
 * Undoes the patch, exactly. Properties that other code has replaced since stay replaced; functions of
 * this package that they still call behave like the engine's. Memories made in between keep working.
 * Calling it again does nothing.
 *
 * @example
 * ```js
 * import undo from "linear-memory/register";
 *
 * const memory = new WebAssembly.Memory({ initial: 1 });
 * memory instanceof Memory; // true
 * undo();
 * ```
 */
declare function undo(): void;

declare module "./index" {
  interface Registered {
    /** Makes the types of a `Memory` and a `WebAssembly.Memory` compatible. */
    readonly isRegistered: true;
  }
}

export = undo;
