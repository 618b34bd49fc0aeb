/**
 * Loading this module makes a program use `Memory` that was not written for it: `WebAssembly.Memory` is
 * `Memory` from then on, and `WebAssembly.instantiate()`, `WebAssembly.instantiateStreaming()` and
 * `new WebAssembly.Instance()` take one in an import object as it is. To be loaded before the program
 * is, in each thread: by `node --require linear-memory/register`, which workers inherit, or in the first
 * line.
 *
 * A new `Memory` is then an object of the engine's own, with the members of `Memory`: modules, workers
 * and native code take it for a `WebAssembly.Memory`. Its pages are the engine's from the start, so that
 * its buffer stays the same when a module imports it. What the engine has no memories for (64-bit
 * addresses on Node.js 20 and 22), and what asks for pages of ours (`hugePages`), is as without this
 * module, and moves when a module imports it.
 *
 * Memories that modules export are such objects, too. Memories that another thread posts have the
 * members of `Memory` when they arrive, and its prototype from the first use of one of ours.
 *
 * `toResizableBuffer()` and `toFixedLengthBuffer()` are there only if the engine's own class has them.
 *
 * TypeScript takes a `Memory` for a `WebAssembly.Memory` in programs that import this module. A program
 * that is run with `--require` names it in its tsconfig.json: `"types": ["linear-memory/register"]`.
 *
 * @packageDocumentation
 */

/**
 * Puts everything back as it was, exactly. Properties that someone else has replaced since stay so;
 * what they still call of ours does as the engine. Memories made in between go on working. Calling it
 * again does nothing.
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
