/**
 * The class `WebAssembly.Memory`, over pages that this package reserves from the operating system.
 *
 * Sizes are WebAssembly pages of 64 KiB unless a name says bytes; offsets, lengths, and what
 * `usage()` returns, are bytes. Every error is a `TypeError` or a `RangeError` that names the member,
 * the value and the limit, but for those of the file system, which are as `node:fs` throws them; a
 * call that fails changes nothing.
 *
 * @packageDocumentation
 */

/// <reference lib="esnext.disposable" />

/** How a memory is addressed: `"i32"` counts pages in numbers, `"i64"` in BigInts. */
export type AddressType = "i32" | "i64";

/**
 * What a memory is to be: the JS API's `MemoryDescriptor`, with the members that the threads,
 * 64-bit and type reflection proposals add. Members are read in alphabetical order.
 *
 * @example
 * ```js
 * const memory = new Memory({ initial: 10, maximum: 100 });
 * memory.buffer.byteLength; // 655360
 * ```
 */
export interface MemoryDescriptor<
  Address extends AddressType = AddressType,
  Shared extends boolean = boolean,
> {
  /** How the memory is addressed, and what type page counts have. Default `"i32"`. */
  address?: Address;
  /** Pages at first; they read zero. Required. At most 65,536 for "i32", 262,144 for "i64". */
  initial: PageCount<Address>;
  /**
   * The most pages that the memory may grow to; at most 65,536 for "i32", 2^37 - 1 for "i64".
   * Required for a shared memory. Also a hint: as many are reserved, if the system lets us; 65,536
   * without a maximum.
   */
  maximum?: PageCount<Address>;
  /** Whether threads can share it. Default `false`. */
  shared?: Shared;
}

/**
 * What the JS API has no place for. What is no object, it ignores as a stray argument.
 *
 * @example
 * ```js
 * const options = { hugePages: features.hugePages };
 * const memory = new Memory({ initial: 1024 }, options);
 * ```
 */
export interface MemoryOptions {
  /**
   * Whether to ask the system for pages of 2 MiB. Default `false`. Touching memory for the first time
   * is then several times faster, and random access misses the processor's tables less often; but a
   * single byte touched may make 2 MiB resident, so that sparse use costs up to 512 times as much.
   *
   * A TypeError for a shared memory, whose pages are the engine's, and where `features.hugePages` is
   * false. The pages stay huge when they move into the engine, as far as its alignment allows.
   */
  hugePages?: boolean;
}

/**
 * What a memory that starts as a {@link Snapshot} is to be, where not what the snapshot's was.
 *
 * @example
 * ```js
 * const snapshot = new Memory({ initial: 1 }).snapshot();
 * const memory = Memory.from(snapshot, { maximum: 8 });
 * memory.type().maximum; // 8
 * ```
 */
export interface SnapshotOptions<
  Address extends AddressType = AddressType,
  Shared extends boolean = boolean,
> {
  /** As {@link MemoryDescriptor.maximum}. Default: that of the memory that the snapshot is of. */
  maximum?: PageCount<Address>;
  /** As {@link MemoryDescriptor.shared}. Default: whether the memory that the snapshot is of was. */
  shared?: Shared;
}

/**
 * What `Memory.usage()` returns, all of it bytes.
 *
 * @example
 * ```js
 * const memory = new Memory({ initial: 4, maximum: 16 });
 * const { reserved, committed, resident } = memory.usage();
 * reserved; // 1048576
 * committed; // 262144
 * resident; // 0
 * ```
 */
export interface MemoryUsage {
  /**
   * Address space that is kept for the memory, and is nobody else's: its size, what it may grow into,
   * and, of a memory that had to move, what it has left. Without what is reserved before the first
   * byte, or as a guard.
   *
   * Of a memory in the engine, what the system says is inaccessible behind its pages.
   */
  reserved: number;
  /** What of that can be read and written: the size, and what a memory that keeps growing has ahead. */
  committed: number;
  /**
   * What of the size takes physical memory now, as the system counts it for this process
   * (`/proc/self/pagemap`). Pages that nothing has written to take none; those of a snapshot, which
   * other memories may share, count where they were read.
   */
  resident: number;
}

/** The type of a number of pages. */
export type PageCount<Address extends AddressType> = Address extends "i64" ? bigint : number;

/** A file: its path, or a descriptor that is open, which stays open and is not needed afterwards. */
export type FileSource = string | Uint8Array | FileUrl | number;

// A program need not have the types of the DOM, nor those of Node.js. What follows names no global class
// that these declare.

/** Is `URL` if the program's types declare it, and otherwise what Node.js asks of one. */
type FileUrl = typeof globalThis extends { URL: { prototype: infer Instance } }
  ? Instance
  : { readonly href: string; readonly protocol: string };

/** Is `WebAssembly.Memory` if the program's types declare it, and otherwise an object with its members. */
type EngineMemory = typeof globalThis extends {
  WebAssembly: { Memory: { prototype: infer Instance } };
}
  ? Instance
  : { readonly buffer: ArrayBufferLike; grow(delta: number): number };

/** Is what an instance exports (`WebAssembly.ExportValue`) if the program's types declare that. */
type EngineExport = typeof globalThis extends {
  WebAssembly: { Instance: { prototype: { readonly exports: infer Exports } } };
}
  ? Exports[keyof Exports]
  : never;

/**
 * Tells whether a program has loaded `linear-memory/register`, whose types add a member. An import object
 * takes a {@link Memory} as it is only then.
 *
 * @hidden
 */
export interface Registered {}

declare const importable: unique symbol;

declare global {
  namespace WebAssembly {
    // A `Memory` has all members of this interface, but an engine throws a LinkError if it is imported.
    // So the type of one member is made to differ. It is optional, so that other objects with the same
    // members are still taken.
    interface Memory {
      readonly [importable]?: undefined;
    }
  }
}

/**
 * What {@link MemoryConstructor.open | Memory.open()} takes besides the file.
 *
 * @example
 * ```js
 * const memory = Memory.open("log.bin", { mode: "w+", initial: 1, maximum: 64 });
 * memory.grow(1); // 1
 * ```
 */
export interface OpenOptions<
  Address extends AddressType = AddressType,
  Shared extends boolean = boolean,
> {
  /**
   * Where what is written goes. Default `"r"`.
   * - `"r"`: stays in memory, page by page as it is written to. The file never changes, and is opened
   *   for reading only.
   * - `"r+"`: to the file. A file that does not exist is made if there is an `initial`.
   * - `"w+"`: to the file, which is new, or emptied when nothing else can fail. Needs an `initial`.
   *
   * Files that are made can be read and written by their owner only (0600).
   */
  mode?: "r" | "r+" | "w+";
  /**
   * Pages at least. Default: as many as the file has, the last one counted whole. Where the file has
   * fewer, it is extended if it is written to ("r+", "w+"), else zeros follow it, in memory alone.
   */
  initial?: PageCount<Address>;
  /** As in {@link MemoryDescriptor.maximum}. Required for a shared memory. */
  maximum?: PageCount<Address>;
  /**
   * Whether threads can share it. Default `false`. Processes share the bytes of a file that is written
   * to in either case; with `true`, `Atomics`, `wait()` and `notify()` work between them too. Not with
   * mode "r", whose writes nobody else sees. The file is extended to whole pages of the system.
   */
  shared?: Shared;
  /** How the memory is addressed. Default `"i32"`, but `"i64"` for a file of more than 4 GiB. */
  address?: Address;
}

/**
 * Which bytes of a file {@link Memory.map} puts over part of a memory.
 *
 * @example
 * ```js
 * import fs from "node:fs";
 *
 * fs.writeFileSync("words.bin", "one two");
 * const memory = new Memory({ initial: 1 });
 * memory.map(0, "words.bin", { fileOffset: 4, length: 3 });
 * new Uint8Array(memory.buffer)[0]; // 116
 * ```
 */
export interface MapOptions {
  /** The first, in bytes from the file's beginning. Default 0. */
  fileOffset?: number;
  /** How many. Default: all from `fileOffset` to the file's end. */
  length?: number;
}

/**
 * What `Memory.type()` returns: also a descriptor, of a new memory of the same type.
 *
 * @example
 * ```js
 * const memory = new Memory({ initial: 1, maximum: 2 });
 * const other = new Memory(memory.type());
 * other.type().minimum; // 1
 * ```
 */
export interface MemoryType<Address extends AddressType = AddressType> {
  /** Pages now. */
  minimum: PageCount<Address>;
  /** The most pages it may grow to; absent where none was given. */
  maximum?: PageCount<Address>;
  /** Whether threads can share it. */
  shared: boolean;
  /** How it is addressed, and what type page counts have. */
  address: Address;
}

/**
 * A linear memory.
 *
 * An unshared memory's `buffer` is an ArrayBuffer over pages of ours, detached and reissued when it
 * grows. A shared one's is a SharedArrayBuffer of the engine's, so that Atomics and modules in all
 * threads meet at one address.
 *
 * The pages are released when the last buffer of the memory is collected, or by {@link Memory.close}.
 *
 * @example
 * ```js
 * const memory = new Memory({ initial: 1 });
 * new Uint8Array(memory.buffer)[0] = 42;
 * memory.grow(1); // 1
 * new Uint8Array(memory.buffer)[0]; // 42
 * ```
 */
export interface Memory<
  Buffer extends ArrayBufferLike = ArrayBufferLike,
  Address extends AddressType = "i32",
> {
  /**
   * Not there. Because of its type, no import object takes a `Memory` where an engine would throw a
   * LinkError.
   *
   * @hidden
   */
  readonly [importable]?: Registered extends { isRegistered: true }
    ? undefined
    : "To import it, call toWebAssembly(), or load linear-memory/register";

  /**
   * The bytes, all of them. The same object until the memory grows, then another one. The one
   * before is detached if it is unshared; if it is shared it stays valid, at its length. A resizable
   * one is always the same: see {@link Memory.toResizableBuffer | toResizableBuffer()}.
   *
   * What any thread has grown, in JavaScript or in a module, shows in all of them: whoever has seen
   * what the growing thread wrote afterwards reads a buffer with the pages.
   *
   * Where `features.detachKeys` is false, a program can detach an unshared buffer by transferring it,
   * which the specification forbids. The next `buffer` is then a new one over the same pages.
   *
   * @throws TypeError where the pages went with a buffer that was transferred.
   * @see {@link https://webassembly.github.io/spec/js-api/#dom-memory-buffer JS API, Memory.buffer}
   * @example
   * ```js
   * const memory = new Memory({ initial: 1 });
   * const { buffer } = memory;
   * memory.grow(1); // 1
   * buffer.byteLength; // 0: detached
   * memory.buffer.byteLength; // 131072
   * ```
   */
  readonly buffer: Buffer;

  /**
   * Adds pages, which read zero. No byte is copied, and every byte stays. Growing by 0 pages issues
   * a new buffer too.
   *
   * @param delta how many pages
   * @returns how many pages there were before
   * @throws TypeError where `delta` is no number (for "i64": no BigInt) from 0 to 2^32 - 1 (2^64 - 1),
   *   or the program marked the buffer with `markAsUntransferable()` on an engine with detach keys.
   * @throws RangeError where the maximum, the limits named at {@link MemoryDescriptor}, or the
   *   system do not allow it, or where no buffer of this engine can view so many bytes (4 GiB on
   *   Node.js 20 and Bun), or the program linked the buffer as an asm.js heap. The memory is as it was.
   * @see {@link https://webassembly.github.io/spec/js-api/#dom-memory-grow JS API, Memory.grow()}
   * @example
   * ```js
   * const memory = new Memory({ initial: 1, maximum: 4 });
   * memory.grow(2); // 1
   * memory.buffer.byteLength; // 196608
   * ```
   */
  grow(delta: PageCount<Address>): PageCount<Address>;

  /**
   * The type, with the size of now as its minimum.
   *
   * @see {@link https://github.com/WebAssembly/js-types js-types proposal, Memory.type()}
   * @example
   * ```js
   * const memory = new Memory({ initial: 1, maximum: 4 });
   * memory.grow(1); // 1
   * memory.type().minimum; // 2
   * memory.type().shared; // false
   * ```
   */
  type(): MemoryType<Address>;

  /**
   * The buffer, of a fixed length from now on. One that is so already is returned as it is; a
   * resizable one is detached (a growable SharedArrayBuffer stays, and stays growable).
   *
   * @returns what `buffer` is from now on
   * @throws TypeError where the program marked the buffer with `markAsUntransferable()`, or linked it as
   *   an asm.js heap, and it can no longer be detached. The memory is as it was.
   * @throws RangeError where the system refuses to move the pages. The memory is as it was.
   * @see {@link https://webassembly.github.io/spec/js-api/#dom-memory-tofixedlengthbuffer JS API, Memory.toFixedLengthBuffer()}
   * @example
   * ```js
   * const memory = new Memory({ initial: 1, maximum: 4 });
   * const resizable = memory.toResizableBuffer();
   * const fixed = memory.toFixedLengthBuffer();
   * resizable.byteLength; // 0: detached
   * fixed.resizable; // false
   * ```
   */
  toFixedLengthBuffer(): Buffer;

  /**
   * The buffer, resizable (if shared, growable) from now on, up to `maximum`: growing the memory
   * lengthens it and the views that track its length, and its `resize()` (`grow()`) in bytes grows
   * the memory, by whole pages. One that is so already is returned as it is; one of fixed length is
   * detached (if shared, it stays).
   *
   * Where the engine's own class makes such buffers, the pages move into a `WebAssembly.Memory`, and
   * everything is as there. On Node.js 20 to 24 they move under a resizable ArrayBuffer of the
   * engine's, which has its own `resize()`, and where there are no detach keys its own `transfer()` and
   * `transferToFixedLength()`, which throw. `ArrayBuffer.prototype.resize` called on it gets past that:
   * what it cuts off reads zero, and the next use of the memory brings the buffer back to the
   * memory's size, or up to whole pages. There, `toWebAssembly()` detaches the buffer and makes one of
   * fixed length; and what `restore()` or `map()` put in place, before or after, is copied.
   *
   * @returns what `buffer` is from now on
   * @throws TypeError where the memory has no maximum; where `features.resizableBuffers` says that there
   *   are none; on Node.js 20 to 24 also of a memory that is the engine's: a module's, or after
   *   `toWebAssembly()`; where the engine's class has them, but cannot be this memory (see
   *   `toWebAssembly()`); or where the buffer can no longer be detached. The memory is as it was.
   * @throws RangeError where the engine cannot reserve the maximum, or the system refuses to move the
   *   pages. The memory is as it was.
   * @see {@link https://webassembly.github.io/spec/js-api/#dom-memory-toresizablebuffer JS API, Memory.toResizableBuffer()}
   * @example
   * ```js
   * const memory = new Memory({ initial: 1, maximum: 4 });
   * const bytes = new Uint8Array(memory.toResizableBuffer());
   * memory.grow(1); // 1
   * bytes.length; // 131072: the view has grown
   * ```
   */
  toResizableBuffer(): Buffer;

  /**
   * The `WebAssembly.Memory` whose bytes are this memory's: what an import object takes. Always the
   * same object. It and this memory grow together. TypeScript does not take the `Memory` itself for a
   * `WebAssembly.Memory`, unless the program has the types of `linear-memory/register`.
   *
   * The pages of an unshared memory are moved into the engine the first time, on Linux without
   * copying them: its buffer is detached, and `buffer` is another one from then on.
   *
   * A file that is written to is extended to whole pages of the system, since the page in which it ends
   * is the engine's then.
   *
   * @throws TypeError where the engine has no class for it: 64-bit addresses on Node.js 20 and 22,
   *   or a maximum beyond 262,144 pages; or where the buffer can no longer be detached. The memory is
   *   as it was.
   * @throws RangeError where the engine cannot allocate it, or the memory is a file that is written to
   *   and the engine could not reserve all that it can grow to. The memory is as it was.
   * @example
   * ```js
   * const memory = new Memory({ initial: 1 });
   * const imports = { js: { mem: memory.toWebAssembly() } };
   * imports.js.mem.buffer === memory.buffer; // true
   * ```
   */
  toWebAssembly(): EngineMemory;

  /**
   * What another thread is to be posted, for its {@link MemoryConstructor.from | Memory.from()}.
   *
   * A `Memory` itself cannot be posted: that throws a DataCloneError, as does `structuredClone()`.
   *
   * @throws TypeError where the memory is not shared.
   * @example
   * ```js
   * import { Worker } from "node:worker_threads";
   *
   * const memory = new Memory({ initial: 1, maximum: 4, shared: true });
   * const program = `
   *   const { workerData } = require("node:worker_threads");
   *   const { Memory } = require("linear-memory");
   *   Memory.from(workerData).grow(1);
   * `;
   * const worker = new Worker(program, { eval: true, workerData: memory.share() });
   * await new Promise((done) => worker.once("exit", done));
   * memory.buffer.byteLength; // 131072
   * ```
   */
  share(): SharedMemoryToken;

  /**
   * Gives pages back to the system. They read zero, and take no memory until something writes to them
   * again. The size stays: to views, other threads and a module that runs on, it is as if zeros had
   * been written, but that resident memory falls.
   *
   * Pages that other threads use at that moment read zero from then on, or what they then write, which
   * on Windows may be lost.
   *
   * @param offset of the first byte; a multiple of 65,536
   * @param length in bytes; a multiple of 65,536
   * @returns how many bytes were resident there, and no longer are
   * @throws TypeError where an argument converts to no number: BigInts, of 64-bit memories too.
   * @throws RangeError where an argument is negative or no such multiple, or not all of the bytes are
   *   in the memory, or the system refuses.
   * @example
   * ```js
   * const memory = new Memory({ initial: 4 });
   * new Uint8Array(memory.buffer).fill(7);
   * const freed = memory.discard(65_536, 3 * 65_536); // all but the first page
   * new Uint8Array(memory.buffer)[65_536]; // 0
   * ```
   */
  discard(offset: number, length: number): number;

  /**
   * A frozen image of all bytes, to go back to ({@link Memory.restore}), to start others from
   * ({@link MemoryConstructor.from | Memory.from()}), or to be saved ({@link Snapshot.save}). It takes
   * as much memory as there are pages of the system's (4 KiB) that are not all zeros, once, however
   * many memories have it under them.
   *
   * It is the memory, and nothing else: not an instance's globals and tables, nor the state of any
   * JavaScript. Take it and put it back between calls of the instance. What to do about the rest is in
   * docs/restore.md.
   *
   * Of a shared memory, each byte is what it was at the moment it was read. Those of one moment need
   * not be together where others write meanwhile: even a single number may be half the old one. To
   * freeze one moment, have the other threads wait.
   *
   * @throws RangeError where the system has no memory for it, or refuses.
   * @example
   * ```js
   * const memory = new Memory({ initial: 1 });
   * const snapshot = memory.snapshot();
   * snapshot.byteLength; // 65536
   * ```
   */
  snapshot(): Snapshot;

  /**
   * Puts a snapshot back in place, of this memory or of any other that was not longer. The buffer and
   * all views of it stay, and have the snapshot's bytes; a memory that is longer, as when it has
   * grown since, keeps its size, and reads zero beyond.
   *
   * **Nothing else is put back**: not the size of the memory, so that a module whose allocator keeps its
   * state in memory may grow it again after each restore; not the instance's mutable globals, for example
   * the stack pointer after a trap; not its tables; not JavaScript objects that hold addresses, whose
   * finalizers free what is at these addresses by then; not threads that wait in a shared memory. For
   * each of these, docs/restore.md has what to do.
   *
   * Where `features.mappedFiles` is false, all is copied, each time. Elsewhere:
   *
   * The first time, the snapshot's pages are mapped in place of the memory's: pages are copied when
   * they are first written to. After that, to put back the same snapshot takes as long as there are
   * pages that were written to: up to 4 MiB of them are written again, and stay resident, since to
   * fault them in anew would take ten times as long; more are given back. On Linux before 6.7, all
   * are; on macOS, the snapshot is mapped again.
   *
   * In a memory with {@link MemoryOptions.hugePages}, pages are of the system's usual size from then
   * on, but for those that the snapshot has none of.
   *
   * In a memory with a resizable buffer on Node.js 20 to 24, all is copied, each time: a program can cut
   * that buffer off, and what comes back has to read zero.
   *
   * Threads that read a shared memory meanwhile find old bytes in some places and the snapshot's in
   * others; what they write may be lost or stay.
   *
   * @throws TypeError where `snapshot` is none, or while calls of {@link Memory.wait | wait()} are pending in
   *   the memory, in any thread of this process. Waits of `Atomics` are not known, and not refused.
   * @throws RangeError where it is longer than the memory, or the system refuses.
   * @example
   * ```js
   * const memory = new Memory({ initial: 1 });
   * const bytes = new Uint8Array(memory.buffer);
   * const snapshot = memory.snapshot();
   * bytes[0] = 7;
   * memory.restore(snapshot);
   * bytes[0]; // 0
   * ```
   */
  restore(snapshot: Snapshot): void;

  /**
   * What the memory takes.
   *
   * @throws RangeError where the system does not say.
   * @example
   * ```js
   * const memory = new Memory({ initial: 16 });
   * memory.usage().resident; // 0
   * new Uint8Array(memory.buffer)[0] = 1;
   * memory.usage().resident > 0; // true
   * ```
   */
  usage(): MemoryUsage;

  /**
   * Lets go of the memory now, instead of when it is collected. Afterwards, every use of it, `buffer`
   * included, is a TypeError; but for closing it again, which does nothing.
   *
   * - An unshared memory's buffer is detached, and its pages are given back. Its addresses stay mapped
   *   until nothing holds them, native code included.
   * - A memory in the engine (one that was adopted, or handed to a module) is let go: the
   *   `WebAssembly.Memory`, its buffer, and the instances that use it go on.
   *   {@link MemoryConstructor.from | Memory.from()} of it makes another object.
   * - A shared memory's buffers stay valid, in this thread and in others, and so do the objects that
   *   others have of it. The pages go when the last of them does.
   *
   * @throws TypeError where the program marked the buffer with `markAsUntransferable()` on an engine
   *   with detach keys, or linked it as an asm.js heap. The memory is as it was.
   * @example
   * ```js
   * const memory = new Memory({ initial: 1 });
   * const { buffer } = memory;
   * memory.close();
   * buffer.byteLength; // 0: detached
   * ```
   */
  close(): void;

  /**
   * {@link Memory.close}, so that a block closes what it declares with `using`.
   *
   * @example
   * ```js
   * const memory = new Memory({ initial: 1 });
   * memory[Symbol.dispose](); // which a block with `using memory = …` does at its end
   * ```
   */
  [Symbol.dispose](): void;

  /**
   * Puts a file's bytes over part of the memory, copy-on-write: what is written stays in memory, and
   * the file never changes. Also while a module uses the memory.
   *
   * Nothing is read where pages of both meet, that is where `offset` and `fileOffset` leave the same
   * remainder by the system's page size (4,096 bytes on most; multiples of 65,536 always do): the file's
   * pages come as they are touched. The parts of pages at both ends are copied, and so is all of it
   * where pages do not meet, and in a memory with a resizable buffer on Node.js 20 to 24.
   *
   * @param offset of the first byte in the memory, in bytes
   * @param file a file, opened for reading
   * @throws Error of Node's, with its `code` and `path`, where the file cannot be opened: `ENOENT`,
   *   `EACCES`, `EBADF` for a descriptor that is not open.
   * @throws TypeError with the `code` `EISDIR` for a directory and `ENODEV` for what is no regular file;
   *   without one where an argument is no number, the memory is a file that is written to, or
   *   `features.mappedFiles` is false.
   * @throws RangeError where an offset or length is negative or no integer, the bytes are not all in
   *   the file or not all in the memory, or the system refuses. The memory is as it was.
   * @example
   * ```js
   * import fs from "node:fs";
   *
   * fs.writeFileSync("model.bin", new Uint8Array(1_000_000).fill(7));
   * const memory = new Memory({ initial: 32 });
   * memory.map(65_536, "model.bin", { fileOffset: 131_072 });
   * new Uint8Array(memory.buffer)[65_536]; // 7
   * ```
   */
  map(offset: number, file: FileSource, options?: MapOptions): void;

  /**
   * Has what was written to a memory that is a file on the disk (`fdatasync(2)`): it is when the promise
   * is fulfilled. Off the JavaScript thread; any number of calls may be under way. What is written
   * meanwhile may be on the disk or not.
   *
   * Pages that a module has added (`memory.grow`) become the file's first.
   *
   * @param offset of the first byte that is meant. Default 0
   * @param length how many bytes are. Default: all from `offset` on. At least these are on the disk; at
   *   present, always all of the file
   * @returns a promise, rejected with a TypeError where the memory is no file, or one of mode "r", or
   *   an argument is no number; with a RangeError where the bytes are not all in the memory, or the
   *   system refuses, whose `message` has the path and what it says
   * @example
   * ```js
   * const memory = Memory.open("state.bin", { mode: "w+", initial: 1 });
   * new Uint8Array(memory.buffer)[0] = 42;
   * await memory.flush();
   * ```
   */
  flush(offset?: number, length?: number): Promise<void>;

  /**
   * The same as {@link Memory.flush}, but on the disk when it returns.
   *
   * @throws what the promise of `flush()` is rejected with.
   * @example
   * ```js
   * const memory = Memory.open("state.bin", { mode: "w+", initial: 1 });
   * new Uint8Array(memory.buffer)[0] = 42;
   * memory.flushSync(0, 1);
   * ```
   */
  flushSync(offset?: number, length?: number): void;

  /**
   * Waits until the 32-bit word at `index` is notified, if it is `expected` now. Between threads and,
   * where the memory is a file, between processes: unlike `Atomics.wait()` and `Atomics.waitAsync()`,
   * whose queues end where the process does, and which {@link Memory.notify} does not wake.
   *
   * As with `Atomics`, a wait may end with "ok" though nobody changed the word: look at it again.
   *
   * @param index of the word, in words of 4 bytes from the first byte: as in an `Int32Array`
   * @param expected what it is to be, converted to 32 bits
   * @param timeout in milliseconds. Default: without end
   * @returns a promise of "ok" where it was notified, "not-equal" where the word is another, or
   *   "timed-out"; rejected with a TypeError where the memory is not shared, `index` is no number, or
   *   `features.waits` is false, and with a RangeError where the memory has no such word, or the system has no thread left
   * @example
   * ```js
   * const memory = new Memory({ initial: 1, maximum: 1, shared: true });
   * await memory.wait(0, 1); // "not-equal"
   * await memory.wait(0, 0, 10); // "timed-out"
   * ```
   */
  wait(
    index: number,
    expected: number,
    timeout?: number,
  ): Promise<"ok" | "not-equal" | "timed-out">;

  /**
   * Wakes those who {@link Memory.wait | wait()} for the 32-bit word at `index`, in all threads, and
   * where the memory is a file in all processes. It does not wake those in `Atomics.wait()`.
   *
   * @param index of the word, in words of 4 bytes
   * @param count how many at most. Default: all
   * @returns how many it woke
   * @throws TypeError where the memory is not shared, `index` is no number, or `features.waits` is false.
   * @throws RangeError where the memory has no such word.
   * @example
   * ```js
   * const memory = new Memory({ initial: 1, maximum: 1, shared: true });
   * new Int32Array(memory.buffer)[0] = 1;
   * memory.notify(0); // 0
   * ```
   */
  notify(index: number, count?: number): number;

  /** The class's name to `Object.prototype.toString`, as WebIDL has it. */
  readonly [Symbol.toStringTag]: "WebAssembly.Memory";
}

/**
 * A frozen image of a memory's bytes, and the type of that memory: what {@link Memory.snapshot}
 * returns. Nothing can change it. Its memory is freed when no object refers to it any more, and no
 * memory has its pages under it.
 *
 * It holds nothing of an instance but its memory: docs/restore.md lists what that leaves out.
 *
 * It belongs to one thread, and cannot be posted: that throws a DataCloneError. Save it, or share the
 * memory.
 * @example
 * ```js
 * const memory = new Memory({ initial: 1 });
 * memory.snapshot().save("memory.snapshot");
 * const copy = Memory.from(Snapshot.open("memory.snapshot"));
 * copy.buffer.byteLength; // 65536
 * ```
 */
export declare class Snapshot {
  #private;

  private constructor();

  /**
   * Reads what {@link Snapshot.save | save()} wrote, all of it, and checks it. The file is not needed
   * any more then. It takes memory for what is not zero, whatever the file says, and no longer than a file
   * of that length takes to read: at most 16 GiB, of which holes take some 0.2 s for each GiB.
   *
   * @param path of the file
   * @throws TypeError where the file is no snapshot, one of a format that is not known here, or
   *   damaged: truncated, or changed in any byte since it was written.
   *   Also where it is no regular file (`EISDIR`, `ENODEV`): it never waits for the other end of a pipe.
   * @throws RangeError where the system has no memory for it, or the file cannot be read.
   * @throws Error of `node:fs`, with its `code`, where the file cannot be opened.
   * @example
   * ```js
   * new Memory({ initial: 2 }).snapshot().save("memory.snapshot");
   * const snapshot = Snapshot.open("memory.snapshot");
   * snapshot.byteLength; // 131072
   * ```
   */
  static open(path: string | FileUrl): Snapshot;

  /**
   * How many bytes the memory had.
   *
   * @example
   * ```js
   * const memory = new Memory({ initial: 1 });
   * const snapshot = memory.snapshot();
   * memory.grow(1); // 1
   * snapshot.byteLength; // 65536
   * ```
   */
  readonly byteLength: number;

  /**
   * Writes it to a file, with the memory's type, a version and checksums, and waits for the disk. Pages
   * of zeros take no room.
   *
   * The file is written beside `path`, synced, and then renamed: what is at `path` is what was there
   * before, or all of the new file. It takes the place of what was there, links included. Only its
   * owner can read and write it (mode 0600), since it may hold what the program keeps secret.
   *
   * When this returns, the file's bytes are on the disk. So is its name, if the folder can be read and
   * its file system can sync folders; not on Windows.
   *
   * @param path of the file
   * @throws RangeError where it cannot be created or written, as on a full disk; with the system's `code`
   *   and `errno`, except on Windows. What is neither a file nor a link stays in place (`EISDIR`, `ENODEV`).
   *   If the disk refuses the folder after the renaming, the new file is in place all the same.
   * @example
   * ```js
   * const memory = new Memory({ initial: 1 });
   * memory.snapshot().save("memory.snapshot");
   * ```
   */
  save(path: string | FileUrl): void;

  /** The class's name to `Object.prototype.toString`. */
  readonly [Symbol.toStringTag]: "Snapshot";
}

declare const sharedMemory: unique symbol;

/**
 * What `share()` returns: to be posted, alone or in other objects, as often and as far as wanted, and
 * handed to `Memory.from()`. Whatever carries a SharedArrayBuffer carries it: `postMessage()` of a
 * `Worker` and of a `MessagePort`, `workerData`, a `BroadcastChannel`, `structuredClone()`. As long as
 * one exists, posted or not, the memory does.
 *
 * It cannot leave the process: `JSON.stringify()` leaves nothing of it, and `v8.serialize()` throws.
 * Nothing else is promised of what is in it.
 *
 * @example
 * ```js
 * const memory = new Memory({ initial: 1, maximum: 2, shared: true });
 * const token = structuredClone(memory.share());
 * Memory.from(token) === memory; // true
 * ```
 */
export interface SharedMemoryToken {
  /** Not there: so that no other object is taken for one. */
  readonly [sharedMemory]: never;
}

/** The class `Memory`: makes memories, of any kind. */
export interface MemoryConstructor {
  /** Whose members all memories have. */
  readonly prototype: Memory<ArrayBufferLike, AddressType>;

  /**
   * A new memory, its pages zero.
   *
   * @throws TypeError where `descriptor` is no object, `initial` is missing, a member does not
   *   convert, or `shared` is true without a `maximum`.
   * @throws RangeError where `maximum` is smaller than `initial`, either exceeds its limit, no buffer
   *   of this engine can view so many bytes, or they cannot be had.
   * @see {@link https://webassembly.github.io/spec/js-api/#dom-memory-memory JS API, Memory()}
   * @example
   * ```js
   * const memory = new Memory({ initial: 10, maximum: 100 });
   * memory.buffer.byteLength; // 655360
   * ```
   */
  new <Address extends AddressType = "i32", Shared extends boolean = false>(
    descriptor: CheckedDescriptor<Address, Shared>,
    options?: MemoryOptions,
  ): Memory<Shared extends true ? SharedArrayBuffer : ArrayBuffer, Address>;

  /**
   * The memory over a `WebAssembly.Memory` (one that a module exports, or another thread posted), or
   * over what {@link Memory.share | share()} returned in another thread. Always the same object for
   * the same memory, in one thread.
   *
   * TypeScript has one type for everything that a module exports, so this takes all of it without a
   * cast. It does not know the address type either: write `Memory.from<"i64">(source)` for a 64-bit
   * memory.
   *
   * @throws TypeError where `source` is neither, or the memory behind it is gone. An object that only
   *   looks like what `share()` returned is neither: it must hold a memory or a buffer of it.
   * @example
   * ```js
   * const engines = new WebAssembly.Memory({ initial: 1 });
   * const memory = Memory.from(engines);
   * memory.grow(1); // 1
   * engines.buffer.byteLength; // 131072
   * ```
   */
  from<Address extends AddressType = "i32">(
    source: EngineMemory | EngineExport | SharedMemoryToken | Memory<ArrayBufferLike, AddressType>,
  ): Memory<ArrayBufferLike, Address>;

  /**
   * A new memory whose bytes are those of a snapshot, and whose type is that of the memory which the
   * snapshot is of, but for what `options` say. Any number of memories share the snapshot's pages;
   * each copies those that it writes to, when it first does.
   *
   * To instantiate a module on it, restore the snapshot again afterwards: instantiating writes the module's
   * data segments into the memory. docs/restore.md has an example.
   *
   * @throws TypeError where an option does not convert, or the memory is to be shared without a
   *   maximum.
   * @throws RangeError where the maximum is less than the snapshot's length, or as
   *   `new Memory()` throws it.
   * @example
   * ```js
   * const memory = new Memory({ initial: 1 });
   * new Uint8Array(memory.buffer)[0] = 7;
   * const snapshot = memory.snapshot();
   * const others = Array.from({ length: 100 }, () => Memory.from(snapshot));
   * new Uint8Array(others[99].buffer)[0]; // 7
   * ```
   */
  from<Address extends AddressType = "i32", Shared extends boolean = boolean>(
    snapshot: Snapshot,
    options?: SnapshotOptions<Address, Shared>,
  ): Memory<Shared extends true ? SharedArrayBuffer : ArrayBuffer, Address>;

  /**
   * A memory that is a file: its pages are the file's, read as they are touched.
   *
   * A file need not be whole pages of 64 KiB. The bytes of the last page that it does not have read
   * zero and stay out of it: it keeps its length until the memory grows, and takes in then what was
   * written there. Before, no other memory of the file sees them. Bytes before the end, but in the same
   * page of the system, reach the file with the next call on the memory. A file that is written to is
   * extended to whole pages of the system with `shared: true` and by `toWebAssembly()`: see
   * docs/files.md.
   *
   * `grow()` extends a file that is written to, disk space first: where there is none, it throws a
   * RangeError, and no store fails later. Before, it takes in what others have added to the file; these
   * pages are counted in what it returns. `grow(0)` does only that.
   *
   * If anybody truncates the file, lost pages read zero. From the first access to one, every member except
   * `close()` throws a RangeError that names the file.
   *
   * If this throws, the file is as it was; or, if the disk fails while "w+" empties it, the error says what
   * was lost.
   *
   * @param path the file
   * @throws Error of Node's, with its `code` and `path`, where the file cannot be opened: `ENOENT`,
   *   `EACCES`, `EISDIR`, `EBADF` for a descriptor that is not open.
   * @throws TypeError with the `code` `EISDIR` for a directory and `ENODEV` for what is no regular file;
   *   without one where `path` is none, a member does not convert, or one is missing: `initial` for
   *   "w+", `maximum` for a shared memory; and where `features.mappedFiles` is false.
   * @throws RangeError where `maximum` is smaller than `initial` or the file, either exceeds its limit,
   *   no buffer of this engine can view so many bytes, or the system refuses, as for want of disk space;
   *   where `path` is a number that no descriptor has, or a descriptor that is not open for what the mode
   *   wants (`EACCES`), or whose file cannot be opened anew for "r+" and "w+".
   * @see {@link https://man7.org/linux/man-pages/man2/mmap.2.html mmap(2)}, and docs/files.md
   * @example
   * ```js
   * const counts = Memory.open("counts.bin", { mode: "r+", initial: 1 });
   * new Uint32Array(counts.buffer)[0]++;
   * await counts.flush();
   * ```
   */
  open<Address extends AddressType = "i32", Shared extends boolean = false>(
    path: FileSource,
    options?: CheckedOpenOptions<Address, Shared>,
  ): Memory<Shared extends true ? SharedArrayBuffer : ArrayBuffer, Address>;
}

/** Options of `Memory.open()` with the members that others of its members make required. */
type CheckedOpenOptions<Address extends AddressType, Shared extends boolean> = OpenOptions<
  Address,
  Shared
> &
  (Address extends "i64" ? { address: "i64" } : unknown) &
  (Shared extends true
    ? { shared: true; maximum: PageCount<Address>; mode: "r+" | "w+" }
    : unknown) &
  ({ mode?: "r" | "r+" } | { mode: "w+"; initial: PageCount<Address> });

/** A descriptor with the members that others of its members make required. */
type CheckedDescriptor<Address extends AddressType, Shared extends boolean> = MemoryDescriptor<
  Address,
  Shared
> &
  (Address extends "i64" ? { address: "i64" } : unknown) &
  (Shared extends true ? { shared: true; maximum: PageCount<Address> } : unknown);

/** The class. */
export declare const Memory: MemoryConstructor;

/**
 * What this engine and this system offer, so that a program can ask rather than try.
 *
 * @example
 * ```js
 * const memory = new Memory({ initial: 1024 }, { hugePages: features.hugePages });
 * ```
 */
export declare const features: {
  /**
   * How pages become buffers. `"v8"`: backing stores of V8's own, on the versions of Node.js that were
   * tested (20, 22, 24 and 26 on Linux): growing starts no garbage collection, and memories are
   * released inside a synchronous loop too. `"node-api"`: Node-API's external buffers, everywhere
   * else, and where the environment variable `LINEAR_MEMORY_HANDOFF` is `node-api`.
   */
  readonly handoff: "v8" | "node-api";
  /**
   * Whether a program cannot detach the buffer of an unshared memory, as the specification has it:
   * `transfer()` and structured clone's transfer throw a TypeError. Where this is false, `transfer()`
   * detaches it; see {@link Memory.buffer}.
   */
  readonly detachKeys: boolean;
  /**
   * Which memories `toResizableBuffer()` is of: unshared ones that this package made, and shared ones.
   * Both where the engine's own class has the method (Node.js 26, or 24 with
   * `--experimental-wasm-rab-integration`). Otherwise only unshared ones, and only where the engine
   * has resizable ArrayBuffers and allows buffers over pages of ours.
   */
  readonly resizableBuffers: {
    /** Of unshared memories that this package made. */
    readonly unshared: boolean;
    /** Of shared memories. */
    readonly shared: boolean;
  };
  /** Whether the system gives huge pages: see {@link MemoryOptions.hugePages}. Linux only. */
  readonly hugePages: boolean;
  /**
   * Whether the system tells which of this process's pages take memory, and where they are mapped: on
   * Linux, not without `/proc`. If this is false, `snapshot()` and `Memory.open()` with the mode "r+" read
   * all pages instead of those that were written to; `usage()` and `discard()` count pages that were only
   * read, too. What cannot do without throws a RangeError: `usage()` of a memory in the engine, or with a
   * resizable buffer; and `toWebAssembly()` of a memory that `map()` has put a file into.
   */
  readonly pageStates: boolean;
  /**
   * Whether the system can put a file's pages in place of a memory's: on Linux and macOS. Where it cannot
   * (Windows), `Memory.open()` and `map()` throw a TypeError, and a snapshot is a copy of the bytes that
   * are not zero, which `restore()` and `Memory.from()` copy again.
   */
  readonly mappedFiles: boolean;
  /**
   * Whether `wait()` and `notify()` can be had, which throw a TypeError elsewhere: not on macOS before
   * 14.4.
   */
  readonly waits: boolean;
  /** Whether the engine's own class has 64-bit addresses, so that `toWebAssembly()` takes them. */
  readonly memory64: boolean;
  /**
   * Whether shared memories can be had that the engine does not host: 64-bit addresses with a
   * maximum of more than 65,536 pages where `memory64` is false, or more than 262,144 elsewhere.
   */
  readonly externalSharedBuffers: boolean;
};

// What is not exported above is not exported at all.
export {};
