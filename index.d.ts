/**
 * A drop-in replacement for the class `WebAssembly.Memory`, whose pages live in an address range that
 * this package reserves from the operating system.
 *
 * Sizes are WebAssembly pages of 64 KiB unless a name says bytes. Offsets, lengths and the figures of
 * `usage()` are bytes. Every error is a `TypeError` or a `RangeError` that names the member, the value
 * and the limit, and has a `code` (see {@link ErrorCodes}), except errors of the file system, which are
 * thrown as `node:fs` throws them. A call that fails changes nothing.
 *
 * @module linear-memory
 */

/// <reference lib="esnext.disposable" />

/** The address type of a memory: `"i32"` counts pages in numbers, `"i64"` in BigInts. */
export type AddressType = "i32" | "i64";

/**
 * The type of a new memory: the JS API's `MemoryDescriptor`, with the members that the threads, 64-bit
 * and type reflection proposals add. Members are read in alphabetical order.
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
  /** The address type, which also decides the type of page counts. Default `"i32"`. */
  address?: Address;
  /** The initial number of pages, all zeros. Required. At most 65,536 for "i32", 262,144 for "i64". */
  initial: PageCount<Address>;
  /**
   * The number of pages that the memory can grow to: at most 65,536 for "i32", 2^37 - 1 for "i64".
   * Required for a shared memory. It is also a hint: address space for this many pages is reserved if
   * the system permits it. Without a maximum, space for 65,536 pages is reserved.
   */
  maximum?: PageCount<Address>;
  /** Whether threads can share the memory. Default `false`. */
  shared?: Shared;
}

/**
 * Options beyond the JS API. Non-object values are ignored, as the JS API ignores extra arguments.
 *
 * @example
 * ```js
 * const options = { hugePages: features.hugePages };
 * const memory = new Memory({ initial: 1024 }, options);
 * ```
 */
export interface MemoryOptions {
  /**
   * Whether to request huge pages of 2 MiB from the system. Default `false`. Touching memory for the
   * first time is then several times faster, and random access causes fewer TLB misses. But a single
   * byte touched can make 2 MiB resident, so sparse use costs up to 512 times as much memory.
   *
   * Not supported for shared memories, whose pages belong to the engine, or if `features.hugePages` is
   * false: `new Memory()` then throws a TypeError. The pages stay huge when they move into the engine,
   * as far as the engine's alignment allows.
   */
  hugePages?: boolean;
}

/**
 * Options of a memory that starts from a {@link Snapshot}. The defaults come from the memory that the
 * snapshot was taken of.
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
  /** As in {@link MemoryDescriptor.maximum}. Default: the maximum of the snapshot's memory. */
  maximum?: PageCount<Address>;
  /** As in {@link MemoryDescriptor.shared}. Default: whether the snapshot's memory was shared. */
  shared?: Shared;
}

/**
 * The figures that `Memory.usage()` returns, in bytes.
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
   * Address space that is reserved for this memory alone: its size, the space it can grow into, and, if
   * the memory had to move, the ranges that it has left. Guard pages and address space before the first
   * byte are not included.
   *
   * For an engine memory: its size and the inaccessible mapping that the system reports behind it.
   */
  reserved: number;
  /** The part of `reserved` that can be accessed: the size, and pages committed ahead of growth. */
  committed: number;
  /**
   * The part of the size that occupies physical memory now, as the system counts it for this process
   * (`/proc/self/pagemap`). Pages that were never written to occupy none. Pages of a snapshot, which
   * memories can share, count if this memory has read them.
   */
  resident: number;
}

/** The type of page counts. */
export type PageCount<Address extends AddressType> = Address extends "i64" ? bigint : number;

/** A file: its path, or an open descriptor, which stays open and may be closed after the call. */
export type FileSource = string | Uint8Array | FileUrl | number;

// Programs can be compiled without the types of the DOM and of Node.js, so the types below do not name
// a global class that only these declare.

/** Is `URL` if the program's types declare it, and otherwise the members of a `URL` that Node.js reads. */
type FileUrl = typeof globalThis extends { URL: { prototype: infer Instance } }
  ? Instance
  : { readonly href: string; readonly protocol: string };

/** Is `WebAssembly.Memory` if the program's types declare it, and otherwise an object with its members. */
type EngineMemory = typeof globalThis extends {
  WebAssembly: { Memory: { prototype: infer Instance } };
}
  ? Instance
  : { readonly buffer: ArrayBufferLike; grow(delta: number): number };

/** Is the type of an instance's exports (`WebAssembly.ExportValue`) if the program's types declare it. */
type EngineExport = typeof globalThis extends {
  WebAssembly: { Instance: { prototype: { readonly exports: infer Exports } } };
}
  ? Exports[keyof Exports]
  : never;

/**
 * Has a member if the program's types include those of `linear-memory/register`. Only then is a
 * {@link Memory} itself assignable to a member of an import object.
 *
 * @hidden
 */
export interface Registered {}

declare const importable: unique symbol;

declare global {
  namespace WebAssembly {
    // A `Memory` has all members of this interface, but an engine throws a LinkError if a module imports
    // it. This member makes the two types differ. It is optional, so that other objects with the members
    // of this interface stay assignable.
    interface Memory {
      readonly [importable]?: undefined;
    }
  }
}

/**
 * Options of {@link MemoryConstructor.open | Memory.open()}.
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
   * Whether writes reach the file. Default `"r"`.
   * - `"r"`: writes stay in memory (copy-on-write). The file never changes, and is opened for reading
   *   only.
   * - `"r+"`: writes reach the file. If the file does not exist and `initial` is given, it is created.
   * - `"w+"`: writes reach the file, which is created, or emptied once nothing else can fail. Requires
   *   `initial`.
   *
   * Only the owner can read and write the created files (mode 0600).
   */
  mode?: "r" | "r+" | "w+";
  /**
   * The minimum number of pages. Default: the pages of the file, with a last partial page counted as
   * one. A shorter file is extended with "r+" and "w+"; with "r", zeros follow it in memory alone.
   */
  initial?: PageCount<Address>;
  /** As in {@link MemoryDescriptor.maximum}. Required for a shared memory. */
  maximum?: PageCount<Address>;
  /**
   * Whether threads can share the memory. Default `false`. With "r+" and "w+", processes share the bytes
   * of the file in either case; with `true`, `Atomics`, `wait()` and `notify()` work between processes
   * too, and the file is extended to whole system pages. Cannot be combined with mode "r", whose writes
   * are private.
   */
  shared?: Shared;
  /** The address type. Default `"i32"`, but `"i64"` for a file of more than 4 GiB. */
  address?: Address;
}

/**
 * The bytes of a file that {@link Memory.map} maps into a memory.
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
  /** The offset of the first byte in the file. Default 0. */
  fileOffset?: number;
  /** The number of bytes. Default: all from `fileOffset` to the end of the file. */
  length?: number;
}

/**
 * The type that `Memory.type()` returns. It is also a descriptor: `new Memory()` of it makes another
 * memory of the same type.
 *
 * @example
 * ```js
 * const memory = new Memory({ initial: 1, maximum: 2 });
 * const other = new Memory(memory.type());
 * other.type().minimum; // 1
 * ```
 */
export interface MemoryType<Address extends AddressType = AddressType> {
  /** The current number of pages. */
  minimum: PageCount<Address>;
  /** The number of pages that the memory can grow to; absent if the memory was made without one. */
  maximum?: PageCount<Address>;
  /** Whether threads can share the memory. */
  shared: boolean;
  /** The address type, which also decides the type of page counts. */
  address: Address;
}

/**
 * A linear memory.
 *
 * The `buffer` of an unshared memory is an ArrayBuffer over reserved pages. Growing detaches it and
 * issues another. The `buffer` of a shared memory is an engine SharedArrayBuffer, so that `Atomics` and
 * modules in all threads use the same address.
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
   * Does not exist at run time. Its type makes the compiler reject a `Memory` in an import object if the
   * engine would throw a LinkError.
   *
   * @hidden
   */
  readonly [importable]?: Registered extends { isRegistered: true }
    ? undefined
    : "To import it, call toWebAssembly(), or load linear-memory/register";

  /**
   * The bytes of the memory. It stays the same object until the memory grows. The previous buffer is then
   * detached if it is unshared; if it is shared, it stays valid and keeps its length. A resizable buffer
   * never changes: see {@link Memory.toResizableBuffer | toResizableBuffer()}.
   *
   * If any thread grows the memory, in JavaScript or in a module, all threads see it: a thread that has
   * read a value that the growing thread wrote afterwards gets a buffer that includes the new pages.
   *
   * If `features.detachKeys` is false, a program can detach an unshared buffer by transferring it, which
   * the specification forbids. The next `buffer` is then a new one over the same pages.
   *
   * @throws TypeError `ERR_LINEAR_MEMORY_GONE`: the pages were lost with a buffer that the program
   *   transferred.
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
   * Adds pages, which read as zero. The bytes of the memory stay, and none is copied. Growing by 0 pages
   * issues a new buffer too.
   *
   * @param delta the number of pages to add
   * @returns the previous number of pages
   * @throws TypeError `ERR_LINEAR_MEMORY_INVALID_ARGUMENT`: `delta` is not a number (for "i64": a BigInt)
   *   from 0 to 2^32 - 1 (2^64 - 1).
   * @throws TypeError `ERR_LINEAR_MEMORY_NOT_DETACHABLE`: the program has marked the buffer with
   *   `markAsUntransferable()`, on an engine with detach keys.
   * @throws RangeError `ERR_LINEAR_MEMORY_NOT_DETACHABLE`: the program has linked the buffer as an asm.js
   *   heap.
   * @throws RangeError `ERR_LINEAR_MEMORY_MAXIMUM_EXCEEDED`: the maximum, or the limits named at {@link
   *   MemoryDescriptor}, do not allow it.
   * @throws RangeError `ERR_LINEAR_MEMORY_ENGINE_LIMIT_EXCEEDED`: no buffer of this engine can be so long
   *   (4 GiB on Node.js 20 and Bun).
   * @throws RangeError `ERR_LINEAR_MEMORY_OUT_OF_MEMORY`: the pages are not available; or with the
   *   system's code (`ENOMEM`, `ENOSPC`). If `grow()` throws, the memory is unchanged.
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
   * Returns the type of the memory, with the current number of pages as its minimum.
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
   * Makes `buffer` a buffer of fixed length. If it already is one, nothing changes. A resizable buffer
   * is detached; a growable SharedArrayBuffer stays valid and growable.
   *
   * @returns the new value of `buffer`
   * @throws TypeError `ERR_LINEAR_MEMORY_NOT_DETACHABLE`: the program has marked the buffer with
   *   `markAsUntransferable()`, or linked it as an asm.js heap. The memory is unchanged.
   * @throws RangeError with the system's code: the system refuses to move the pages. The memory is
   *   unchanged.
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
   * Makes `buffer` a resizable buffer (if shared, a growable one) of at most `maximum` pages. Growing the
   * memory lengthens the buffer and the views that track its length. The buffer's `resize()` (`grow()`)
   * takes bytes and grows the memory by whole pages. If `buffer` already is resizable, nothing changes. A
   * buffer of fixed length is detached; if it is shared, it stays valid.
   *
   * If the engine's own class has resizable buffers, the pages move into a `WebAssembly.Memory`, which
   * then decides how the buffer behaves.
   *
   * On Node.js 20 to 24, the pages move into an engine ArrayBuffer that is resizable:
   * - It has its own `resize()`, and, on engines without detach keys, its own `transfer()` and
   *   `transferToFixedLength()`, which throw. A program can bypass these by calling
   *   `ArrayBuffer.prototype.resize` on it. Bytes that this cuts off read as zero, and the next use of
   *   the memory resizes the buffer to the memory's size again, or up to whole pages.
   * - `toWebAssembly()` detaches it and makes a buffer of fixed length.
   * - Bytes that `restore()` and `map()` have mapped are copied, and so are those that they map later.
   *
   * @returns the new value of `buffer`
   * @throws TypeError `ERR_LINEAR_MEMORY_NO_MAXIMUM`: the memory has no maximum.
   * @throws TypeError `ERR_LINEAR_MEMORY_NOT_SUPPORTED`: `features.resizableBuffers` is false for such
   *   memories; on Node.js 20 to 24 also for an engine memory: a module's, or after `toWebAssembly()`; or
   *   the engine's class has such buffers, but cannot have this memory (see `toWebAssembly()`).
   * @throws TypeError `ERR_LINEAR_MEMORY_FILE_BACKED`: the memory is file-backed.
   * @throws TypeError `ERR_LINEAR_MEMORY_NOT_DETACHABLE`: the program has marked the buffer with
   *   `markAsUntransferable()`, or linked it as an asm.js heap.
   * @throws RangeError `ERR_LINEAR_MEMORY_OUT_OF_MEMORY`: the engine cannot reserve the maximum; or with
   *   the system's code, the system refuses to move the pages. If this throws, the memory is unchanged.
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
   * Returns the `WebAssembly.Memory` that has the bytes of this memory, for an import object. It is
   * always the same object, and grows together with this memory. TypeScript does not accept the `Memory`
   * itself as a `WebAssembly.Memory`, unless the program has the types of `linear-memory/register`.
   *
   * The first call moves the pages of an unshared memory into the engine, on Linux without copying them.
   * This detaches `buffer` and replaces it.
   *
   * A file that is opened for writing is extended to whole system pages, since its last page belongs to
   * the engine from then on.
   *
   * @throws TypeError `ERR_LINEAR_MEMORY_NOT_SUPPORTED`: the engine has no memory of this type: 64-bit addresses
   *   on Node.js 20 and 22, or a maximum beyond 262,144 pages.
   * @throws TypeError `ERR_LINEAR_MEMORY_NOT_DETACHABLE`: the program has marked the buffer with
   *   `markAsUntransferable()`, or linked it as an asm.js heap.
   * @throws RangeError `ERR_LINEAR_MEMORY_OUT_OF_MEMORY`: the engine cannot allocate it; or a writable
   *   file backs the memory, and the engine could not reserve all that it can grow to. If this throws, the
   *   memory is unchanged.
   * @example
   * ```js
   * const memory = new Memory({ initial: 1 });
   * const imports = { js: { mem: memory.toWebAssembly() } };
   * imports.js.mem.buffer === memory.buffer; // true
   * ```
   */
  toWebAssembly(): EngineMemory;

  /**
   * Returns a token that another thread can pass to {@link MemoryConstructor.from | Memory.from()}.
   *
   * Post the token, not the `Memory`: posting a `Memory` throws a DataCloneError, and so does passing it
   * to `structuredClone()`.
   *
   * @throws TypeError `ERR_LINEAR_MEMORY_NOT_SHARED`: the memory is not shared.
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
   * Decommits pages: returns them to the system. They read as zero, and occupy no memory until something
   * writes to them again. The size stays. To views, other threads and a running module, this looks as if
   * zeros had been written; resident memory falls.
   *
   * If other threads use the pages meanwhile, they read zeros, or the bytes that they write after the
   * call. On Windows, bytes written during the call may be lost.
   *
   * @param offset the offset of the first byte; a multiple of 65,536
   * @param length the number of bytes; a multiple of 65,536
   * @returns the number of bytes that were resident there and no longer are
   * @throws TypeError `ERR_LINEAR_MEMORY_INVALID_ARGUMENT`: an argument cannot be converted to a number.
   *   BigInts cannot, for 64-bit memories either.
   * @throws TypeError `ERR_LINEAR_MEMORY_FILE_BACKED`: the memory is backed by a writable file.
   * @throws RangeError `ERR_LINEAR_MEMORY_OUT_OF_RANGE`: an argument is negative or not such a multiple,
   *   or not all of the bytes are in the memory.
   * @throws RangeError `ERR_LINEAR_MEMORY_OUT_OF_MEMORY`: the process has no memory mapping left; or with
   *   the system's code, the system refuses.
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
   * Takes a snapshot: an immutable image of all bytes. {@link Memory.restore} returns to it,
   * {@link MemoryConstructor.from | Memory.from()} starts other memories from it, and
   * {@link Snapshot.save} writes it to a file. It occupies memory for the system pages (4 KiB) that are
   * not all zeros, only once, however many memories share it.
   *
   * It holds the memory and nothing else: not the globals and tables of an instance, nor the state of
   * JavaScript. Take it and restore it between calls into the instance. docs/restore.md describes what to do
   * about the rest.
   *
   * While other threads write to a shared memory, a snapshot of it is not taken at one moment: each byte
   * has the value it had when it was read, and even a single number can be half old and half new. To get
   * a consistent image, make the other threads wait.
   *
   * @throws RangeError `ERR_LINEAR_MEMORY_OUT_OF_MEMORY`: the process has no memory mapping left; or with
   *   the system's code (`ENOMEM`), the system refuses.
   * @example
   * ```js
   * const memory = new Memory({ initial: 1 });
   * const snapshot = memory.snapshot();
   * snapshot.byteLength; // 65536
   * ```
   */
  snapshot(): Snapshot;

  /**
   * Restores the bytes of a snapshot, taken of this memory or of any other that was not longer. The
   * buffer and its views stay, and see the snapshot's bytes. A memory longer than the snapshot, for
   * example because it has grown since, keeps its size and reads as zero beyond the snapshot.
   *
   * **Nothing else is restored.** docs/restore.md describes what to do about each of these:
   * - the size of the memory: a module whose allocator keeps its state in memory may grow it again after
   *   each restore;
   * - the mutable globals of the instance, for example the stack pointer after a trap, and its tables;
   * - JavaScript objects that hold addresses: their finalizers free what is at these addresses by then;
   * - threads that wait in a shared memory.
   *
   * The first restore maps the snapshot's pages in place of the memory's, copy-on-write. Restoring the
   * same snapshot again takes time only for the pages written to since: up to 4 MiB of dirty pages are
   * written again and stay resident, since faulting them in anew would take ten times as long; more are
   * decommitted. On Linux before 6.7, all dirty pages are decommitted. On macOS, the snapshot is mapped
   * again.
   *
   * Each restore copies all bytes instead
   * - if `features.mappedFiles` is false;
   * - into a memory with a resizable buffer on Node.js 20 to 24: a program can cut off part of that
   *   buffer, and the part must then read as zero.
   *
   * In a memory with {@link MemoryOptions.hugePages}, pages have the system's usual size afterwards,
   * except those that are all zeros in the snapshot.
   *
   * Threads that read a shared memory meanwhile see old bytes in some places and the snapshot's bytes in
   * others. Bytes that they write may be lost or stay.
   *
   * @throws TypeError `ERR_LINEAR_MEMORY_INVALID_ARGUMENT`: `snapshot` is not a Snapshot.
   * @throws TypeError `ERR_LINEAR_MEMORY_FILE_BACKED`: the memory is backed by a writable file.
   * @throws TypeError `ERR_LINEAR_MEMORY_PENDING_WAITS`: calls of {@link Memory.wait | wait()} are
   *   pending in the memory, in any thread of this process. Waits of `Atomics` are not known, and not
   *   refused.
   * @throws RangeError `ERR_LINEAR_MEMORY_SNAPSHOT_TOO_LONG`: the snapshot is longer than the memory.
   * @throws RangeError `ERR_LINEAR_MEMORY_OUT_OF_MEMORY`: the process has no memory mapping left; or with
   *   the system's code, the system refuses.
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
   * Returns how much address space and physical memory this memory uses.
   *
   * @throws RangeError `ERR_LINEAR_MEMORY_NOT_SUPPORTED`: the system does not report this; or with the
   *   system's code (`ENOENT`).
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
   * Releases the memory now, instead of when it is collected. Afterwards every member throws a
   * TypeError, except `close()`, which is a no-op.
   *
   * - An unshared memory: its buffer is detached, and its pages are decommitted. Its addresses stay
   *   mapped until nothing holds them, native code included.
   * - An engine memory (a `WebAssembly.Memory` passed to {@link MemoryConstructor.from | Memory.from()},
   *   or returned by `toWebAssembly()`): the `WebAssembly.Memory`, its buffer and the instances that use
   *   it stay usable. `Memory.from()` of it makes another object.
   * - A shared memory: its buffers stay valid in all threads, and so do the `Memory` objects of other
   *   threads. The pages are released with the last of them.
   *
   * @throws TypeError `ERR_LINEAR_MEMORY_NOT_DETACHABLE`: the program has marked the buffer with
   *   `markAsUntransferable()`, on an engine with detach keys, or linked it as an asm.js heap. The memory
   *   is unchanged.
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
   * Calls {@link Memory.close}, so that a block closes the memory that it declares with `using`.
   *
   * @example
   * ```js
   * const memory = new Memory({ initial: 1 });
   * memory[Symbol.dispose](); // which a block with `using memory = …` does at its end
   * ```
   */
  [Symbol.dispose](): void;

  /**
   * Maps bytes of a file into part of the memory, copy-on-write: writes stay in memory, and the file
   * never changes. Works while a module uses the memory, too.
   *
   * If `offset` and `fileOffset` leave the same remainder when divided by the system's page size (4,096
   * bytes on most systems; multiples of 65,536 always do), the call reads no whole page: pages are read
   * from the file when they are first touched. Only the partial pages at both ends are copied. Otherwise
   * all bytes are copied, and also in a memory with a resizable buffer on Node.js 20 to 24.
   *
   * @param offset the offset of the first byte in the memory
   * @param file the file, which is only read
   * @throws Error of Node.js, with its `code` and `path`, if the file cannot be opened: `ENOENT`,
   *   `EACCES`, `EBADF` for a descriptor that is not open.
   * @throws TypeError with the code `EISDIR` for a directory, and `ENODEV` for any other file that is not
   *   a regular one.
   * @throws TypeError `ERR_LINEAR_MEMORY_INVALID_ARGUMENT`: `file` does not name a file, or another
   *   argument is not a number.
   * @throws TypeError `ERR_LINEAR_MEMORY_FILE_BACKED`: the memory is backed by a writable file.
   * @throws TypeError `ERR_LINEAR_MEMORY_NOT_SUPPORTED`: `features.mappedFiles` is false.
   * @throws RangeError `ERR_LINEAR_MEMORY_OUT_OF_RANGE`: an offset or length is negative or not an
   *   integer, or the bytes are not all in the file, or not all in the memory.
   * @throws RangeError `ERR_LINEAR_MEMORY_OUT_OF_MEMORY`: the process has no memory mapping left; or with
   *   the system's code, the system refuses. If this throws, the memory is unchanged.
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
   * Flushes a file-backed memory to disk (`fdatasync(2)`), on another thread. The promise resolves once
   * the data is on disk. Any number of calls can be pending. Bytes written during a call may be on disk
   * or not.
   *
   * Pages that a module has added (`memory.grow`) are first written to the file.
   *
   * @param offset the offset of the first byte to flush. Default 0
   * @param length the number of bytes to flush. Default: all from `offset` on. At least these bytes are
   *   flushed; at present, always the whole file
   * @returns a promise, which is rejected with the errors that {@link Memory.flushSync} throws
   * @example
   * ```js
   * const memory = Memory.open("state.bin", { mode: "w+", initial: 1 });
   * new Uint8Array(memory.buffer)[0] = 42;
   * await memory.flush();
   * ```
   */
  flush(offset?: number, length?: number): Promise<void>;

  /**
   * Flushes a file-backed memory to disk, like {@link Memory.flush}, but returns only once the data is on
   * disk.
   *
   * @throws TypeError `ERR_LINEAR_MEMORY_NOT_FILE_BACKED`: the memory is not backed by a writable file.
   * @throws TypeError `ERR_LINEAR_MEMORY_INVALID_ARGUMENT`: an argument is not a number.
   * @throws RangeError `ERR_LINEAR_MEMORY_OUT_OF_RANGE`: the bytes are not all in the memory.
   * @throws RangeError with the system's code (`EIO`, `ENOSPC`): the system fails. The `message` has the
   *   path.
   * @example
   * ```js
   * const memory = Memory.open("state.bin", { mode: "w+", initial: 1 });
   * new Uint8Array(memory.buffer)[0] = 42;
   * memory.flushSync(0, 1);
   * ```
   */
  flushSync(offset?: number, length?: number): void;

  /**
   * Waits until the 32-bit word at `index` is notified, if its value is `expected` now. Works between
   * threads and, if the memory is file-backed, between processes. `Atomics.wait()` and
   * `Atomics.waitAsync()` only work within a process, and {@link Memory.notify} does not wake them.
   *
   * As with `Atomics`, a wait can end with "ok" although the word has not changed: read it again.
   *
   * @param index the index of the word, in words of 4 bytes, as in an `Int32Array`
   * @param expected the value to compare with, converted to 32 bits
   * @param timeout the timeout in milliseconds. Default: no timeout
   * @returns a promise of "ok" if the wait was notified, "not-equal" if the word has another value, or
   *   "timed-out". It is rejected with the errors that {@link Memory.notify} throws, and with a RangeError
   *   that has the system's code (`EAGAIN`) if the system cannot start another thread
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
   * Wakes calls of {@link Memory.wait | wait()} for the 32-bit word at `index`, in all threads, and, if
   * the memory is file-backed, in all processes. It does not wake calls of `Atomics.wait()`.
   *
   * @param index the index of the word, in words of 4 bytes
   * @param count the number of calls to wake at most. Default: all
   * @returns the number of calls that it woke
   * @throws TypeError `ERR_LINEAR_MEMORY_NOT_SHARED`: the memory is not shared.
   * @throws TypeError `ERR_LINEAR_MEMORY_INVALID_ARGUMENT`: `index` is not a number.
   * @throws TypeError `ERR_LINEAR_MEMORY_NOT_SUPPORTED`: `features.waits` is false.
   * @throws RangeError `ERR_LINEAR_MEMORY_OUT_OF_RANGE`: the memory has no such word.
   * @example
   * ```js
   * const memory = new Memory({ initial: 1, maximum: 1, shared: true });
   * new Int32Array(memory.buffer)[0] = 1;
   * memory.notify(0); // 0
   * ```
   */
  notify(index: number, count?: number): number;

  /** The class name for `Object.prototype.toString`, as WebIDL defines it. */
  readonly [Symbol.toStringTag]: "WebAssembly.Memory";
}

/**
 * An immutable image of a memory's bytes, with the memory's type, as {@link Memory.snapshot} returns it.
 * The memory it occupies is freed when no object refers to the snapshot and no memory maps its pages.
 *
 * It holds the memory of an instance and nothing else: docs/restore.md lists what that leaves out.
 *
 * It belongs to one thread: posting it throws a DataCloneError. Save it, or share the memory.
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
   * Reads a whole file that {@link Snapshot.save | save()} wrote, and checks it. The file is not needed
   * afterwards. Memory is allocated only for pages that are not zero, whatever sizes the file declares.
   * The time is bounded by the length of the file, which is at most 16 GiB; holes in it take some 0.2 s
   * per GiB.
   *
   * @param path the path of the file
   * @throws TypeError `ERR_LINEAR_MEMORY_INVALID_ARGUMENT`: `path` is neither a string nor a URL.
   * @throws TypeError `ERR_LINEAR_MEMORY_NOT_A_SNAPSHOT`: the file is not a snapshot.
   * @throws TypeError `ERR_LINEAR_MEMORY_SNAPSHOT_VERSION`: the file has a format that this version does
   *   not read.
   * @throws TypeError `ERR_LINEAR_MEMORY_SNAPSHOT_DAMAGED`: the file was truncated, or changed in any
   *   byte since it was written.
   * @throws TypeError with the code `EISDIR` for a directory, and `ENODEV` for any other file that is not
   *   a regular one: this never waits for the other end of a pipe.
   * @throws RangeError with the system's code: the system has no memory for it, or the file cannot be read.
   * @throws Error of `node:fs`, with its `code`, if the file cannot be opened.
   * @example
   * ```js
   * new Memory({ initial: 2 }).snapshot().save("memory.snapshot");
   * const snapshot = Snapshot.open("memory.snapshot");
   * snapshot.byteLength; // 131072
   * ```
   */
  static open(path: string | FileUrl): Snapshot;

  /**
   * The size of the snapshot's memory, in bytes.
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
   * Writes the snapshot to a file, with the memory's type, a version and checksums, and syncs it to disk.
   * Pages of zeros occupy no space.
   *
   * The file is written beside `path`, synced, and then renamed, so that `path` always holds either the
   * previous file or the whole new one. A link at `path` is replaced, not followed. Only the owner can
   * read and write the file (mode 0600), since it may contain secrets of the program.
   *
   * When this returns, the file's bytes are on disk. So is its name, except on Windows, if the folder can
   * be read and its file system can sync folders.
   *
   * @param path the path of the file
   * @throws TypeError `ERR_LINEAR_MEMORY_INVALID_ARGUMENT`: `path` is neither a string nor a URL.
   * @throws RangeError with the system's `code` and `errno` (on Windows `ERR_LINEAR_MEMORY_SYSTEM`), if
   *   the file cannot be created or written, for example on a full disk. A path that is neither a file nor
   *   a link stays in place (`EISDIR`, `ENODEV`). If the disk refuses the folder after the renaming, the
   *   new file is in place all the same.
   * @example
   * ```js
   * const memory = new Memory({ initial: 1 });
   * memory.snapshot().save("memory.snapshot");
   * ```
   */
  save(path: string | FileUrl): void;

  /** The class name for `Object.prototype.toString`. */
  readonly [Symbol.toStringTag]: "Snapshot";
}

declare const sharedMemory: unique symbol;

/**
 * A token of a shared memory, which `share()` returns and `Memory.from()` takes. Post it to other threads,
 * alone or within other objects, as often as you like: everything that can carry a SharedArrayBuffer can
 * carry it, such as `postMessage()` of a `Worker` or a `MessagePort`, `workerData`, a `BroadcastChannel`
 * and `structuredClone()`. A token keeps the memory alive, posted or not.
 *
 * A token cannot leave the process: `JSON.stringify()` drops its contents, and `v8.serialize()` throws.
 * Its contents are not part of the API.
 *
 * @example
 * ```js
 * const memory = new Memory({ initial: 1, maximum: 2, shared: true });
 * const token = structuredClone(memory.share());
 * Memory.from(token) === memory; // true
 * ```
 */
export interface SharedMemoryToken {
  /** Does not exist at run time. It makes the compiler reject other objects. */
  readonly [sharedMemory]: never;
}

/** The class `Memory`: its constructor and static members. */
export interface MemoryConstructor {
  /** The prototype of all memories. */
  readonly prototype: Memory<ArrayBufferLike, AddressType>;

  /**
   * Makes a memory, all of whose bytes are zero.
   *
   * @throws TypeError `ERR_LINEAR_MEMORY_INVALID_ARGUMENT`: `descriptor` is not an object, `initial` is
   *   missing, a member cannot be converted, or `shared` is true without a `maximum`. A SyntaxError with
   *   this code if a text is not a BigInt.
   * @throws TypeError `ERR_LINEAR_MEMORY_NOT_SUPPORTED`: `hugePages` for a shared memory, or if
   *   `features.hugePages` is false.
   * @throws RangeError `ERR_LINEAR_MEMORY_OUT_OF_RANGE`: `maximum` is less than `initial`, or one of them
   *   exceeds its limit.
   * @throws RangeError `ERR_LINEAR_MEMORY_ENGINE_LIMIT_EXCEEDED`: no buffer of this engine can be so
   *   long, or the engine cannot have so many shared pages.
   * @throws RangeError `ERR_LINEAR_MEMORY_OUT_OF_MEMORY`: the pages are not available; or with the
   *   system's code (`ENOMEM`).
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
   * Returns the `Memory` of a `WebAssembly.Memory`, for example one that a module exports or another
   * thread has posted, or of a token that {@link Memory.share | share()} returned in another thread.
   * Within a thread, the same memory always gives the same object.
   *
   * TypeScript has one type for everything that a module exports, so this accepts all of it without a
   * cast. TypeScript does not know the address type either: write `Memory.from<"i64">(source)` for a
   * 64-bit memory.
   *
   * @throws TypeError `ERR_LINEAR_MEMORY_INVALID_ARGUMENT`: `source` is none of these. An object that only
   *   looks like a token is not one: a token holds a memory or a buffer of it.
   * @throws TypeError `ERR_LINEAR_MEMORY_GONE`: the memory of the token does not exist any more.
   * @example
   * ```js
   * const engineMemory = new WebAssembly.Memory({ initial: 1 });
   * const memory = Memory.from(engineMemory);
   * memory.grow(1); // 1
   * engineMemory.buffer.byteLength; // 131072
   * ```
   */
  from<Address extends AddressType = "i32">(
    source: EngineMemory | EngineExport | SharedMemoryToken | Memory<ArrayBufferLike, AddressType>,
  ): Memory<ArrayBufferLike, Address>;

  /**
   * Makes a memory with the bytes of a snapshot and the type of the memory that the snapshot was taken
   * of, except for the given `options`. Any number of memories share the snapshot's pages; each memory
   * copies a page when it first writes to it.
   *
   * If you instantiate a module with this memory, restore the snapshot again afterwards: instantiating
   * writes the module's data segments into the memory. docs/restore.md has an example.
   *
   * @throws TypeError `ERR_LINEAR_MEMORY_INVALID_ARGUMENT`: an option cannot be converted or is not
   *   known, or the memory is to be shared without a maximum.
   * @throws RangeError `ERR_LINEAR_MEMORY_OUT_OF_RANGE`: the maximum is less than the snapshot's length,
   *   or exceeds its limit.
   * @throws RangeError `ERR_LINEAR_MEMORY_OUT_OF_MEMORY`: the pages are not available. The others are as for
   *   `new Memory()`.
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
   * Maps a file as a memory. Its pages are read from the file when they are first touched.
   *
   * The length of the file need not be a multiple of 64 KiB. Bytes of the last page beyond the end of the
   * file read as zero. Bytes written there stay in memory until the memory grows: only then do they
   * become part of the file, and until then no other memory of the file sees them. Bytes before the end,
   * but in the same system page, reach the file with the next call on the memory. With `shared: true` and
   * by `toWebAssembly()`, a file opened for writing is extended to whole system pages: see docs/files.md.
   *
   * `grow()` extends a file that is opened for writing. It allocates disk space first, and throws a
   * RangeError if there is none, so that later stores do not fail. Pages that others have added to the
   * file become part of the memory before, and count in the number that `grow()` returns. `grow(0)` does
   * only this.
   *
   * If anybody truncates the file, lost pages read as zero. From the first access to one, every member
   * except `close()` throws a RangeError that names the file.
   *
   * If `open()` throws, the file is unchanged. The exception: if the disk fails while "w+" empties the
   * file, the error reports what was lost.
   *
   * @param path the file
   * @throws Error of Node.js, with its `code` and `path`, if the file cannot be opened: `ENOENT`,
   *   `EACCES`, `EISDIR`, `EBADF` for a descriptor that is not open.
   * @throws TypeError with the code `EISDIR` for a directory, and `ENODEV` for any other file that is not
   *   a regular one.
   * @throws TypeError `ERR_LINEAR_MEMORY_INVALID_ARGUMENT`: `path` does not name a file, an option cannot
   *   be converted, or one is missing: `initial` for "w+", `maximum` for a shared memory.
   * @throws TypeError `ERR_LINEAR_MEMORY_NOT_SUPPORTED`: `features.mappedFiles` is false.
   * @throws RangeError `ERR_LINEAR_MEMORY_OUT_OF_RANGE`: `path` is a number that no descriptor can have,
   *   `maximum` is less than `initial`, or one of them exceeds its limit.
   * @throws RangeError `ERR_LINEAR_MEMORY_MAXIMUM_EXCEEDED`: the file has more pages than the memory may
   *   have.
   * @throws RangeError `ERR_LINEAR_MEMORY_OUT_OF_MEMORY`: the pages are not available.
   * @throws RangeError with the system's code: the system refuses, for example for lack of disk space
   *   (`ENOSPC`); the descriptor is not open for what the mode needs (`EACCES`); or its file cannot be
   *   opened again for "r+" and "w+".
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

/** Options of `Memory.open()`, with the members that the values of other members make required. */
type CheckedOpenOptions<Address extends AddressType, Shared extends boolean> = OpenOptions<
  Address,
  Shared
> &
  (Address extends "i64" ? { address: "i64" } : unknown) &
  (Shared extends true
    ? { shared: true; maximum: PageCount<Address>; mode: "r+" | "w+" }
    : unknown) &
  ({ mode?: "r" | "r+" } | { mode: "w+"; initial: PageCount<Address> });

/** A descriptor, with the members that the values of other members make required. */
type CheckedDescriptor<Address extends AddressType, Shared extends boolean> = MemoryDescriptor<
  Address,
  Shared
> &
  (Address extends "i64" ? { address: "i64" } : unknown) &
  (Shared extends true ? { shared: true; maximum: PageCount<Address> } : unknown);

/** The class `Memory`. */
export declare const Memory: MemoryConstructor;

/**
 * The capabilities of this engine and this system, so that a program can check instead of try.
 *
 * @example
 * ```js
 * const memory = new Memory({ initial: 1024 }, { hugePages: features.hugePages });
 * ```
 */
export declare const features: {
  /**
   * How pages become buffers.
   * - `"v8"`: as V8 backing stores, on the tested versions of Node.js (20, 22, 24 and 26 on Linux).
   *   Growing does not start a garbage collection, and memories are released within a synchronous loop
   *   too.
   * - `"node-api"`: as external buffers of Node-API, everywhere else, and if the environment variable
   *   `LINEAR_MEMORY_HANDOFF` is `node-api`.
   */
  readonly handoff: "v8" | "node-api";
  /**
   * Whether the engine keeps programs from detaching the buffer of an unshared memory, as the
   * specification requires: `transfer()` and transferring by structured clone throw a TypeError. If this
   * is false, `transfer()` detaches the buffer; see {@link Memory.buffer}.
   */
  readonly detachKeys: boolean;
  /**
   * Which memories support `toResizableBuffer()`. Both kinds do if the engine's own class has the method
   * (Node.js 26, or 24 with `--experimental-wasm-rab-integration`). Otherwise only unshared memories do,
   * if the engine has resizable ArrayBuffers and accepts buffers over reserved pages.
   */
  readonly resizableBuffers: {
    /** Whether unshared memories that this package made support it. */
    readonly unshared: boolean;
    /** Whether shared memories support it. */
    readonly shared: boolean;
  };
  /** Whether the system has huge pages: see {@link MemoryOptions.hugePages}. Linux only. */
  readonly hugePages: boolean;
  /**
   * Whether the system reports which pages of this process are resident, and where they are mapped: on
   * Linux with `/proc`. If this is false:
   * - `snapshot()` and `Memory.open()` with mode "r+" read all pages, not only those that were written to.
   * - `usage()` and `discard()` also count pages that were only read.
   * - `usage()` of an engine memory, or of one with a resizable buffer, throws a RangeError.
   * - `toWebAssembly()` of a memory with a mapped file (`map()`) throws a RangeError.
   */
  readonly pageStates: boolean;
  /**
   * Whether the system can map a file's pages in place of a memory's: on Linux and macOS. If this is false
   * (on Windows), `Memory.open()` and `map()` throw a TypeError, and a snapshot is a copy of the bytes that
   * are not zero, which `restore()` and `Memory.from()` copy again.
   */
  readonly mappedFiles: boolean;
  /**
   * Whether the system supports `wait()` and `notify()`: all except macOS before 14.4. If this is false,
   * they throw a TypeError.
   */
  readonly waits: boolean;
  /** Whether the engine's own class has 64-bit addresses, so that `toWebAssembly()` supports them. */
  readonly memory64: boolean;
  /**
   * Whether shared memories beyond the engine's own limits are supported: 64-bit addresses with a maximum
   * of more than 262,144 pages, or, if `memory64` is false, more than 65,536.
   */
  readonly externalSharedBuffers: boolean;
};

/**
 * The codes of all errors that this package throws, with their classes. Programs can tell errors apart by their
 * `code`. Codes stay the same from version to version; messages may change.
 *
 * If the operating system refuses, the error has the code and the `errno` that errors of Node.js have
 * (`ENOMEM`, `ENOSPC`, `EACCES`), instead of one of these. Errors that code of the program throws, for example
 * in a getter of an options object, pass through as they are. So do errors of `node:fs`.
 *
 * Every member of a memory can throw `ERR_LINEAR_MEMORY_INVALID_RECEIVER` and `ERR_LINEAR_MEMORY_CLOSED`. If
 * the memory is file-backed, or has files mapped over parts of it, members can also throw
 * `ERR_LINEAR_MEMORY_FILE_TRUNCATED` and `ERR_LINEAR_MEMORY_FILE_DISCONNECTED`. If the program has transferred
 * the buffer, they can throw `ERR_LINEAR_MEMORY_GONE`.
 *
 * @example
 * ```js
 * const memory = new Memory({ initial: 1, maximum: 1 });
 * try {
 *   memory.grow(1);
 * } catch (error) {
 *   error.code; // ERR_LINEAR_MEMORY_MAXIMUM_EXCEEDED
 * }
 * ```
 */
export interface ErrorCodes {
  /** An argument, or a member of one, has the wrong type, is missing, or contradicts another. */
  ERR_LINEAR_MEMORY_INVALID_ARGUMENT: TypeError | SyntaxError;
  /** A member was called on an object that is not a `Memory`, or not a `Snapshot`. */
  ERR_LINEAR_MEMORY_INVALID_RECEIVER: TypeError;
  /** `new Snapshot()` was called. */
  ERR_LINEAR_MEMORY_ILLEGAL_CONSTRUCTOR: TypeError;
  /** A number is not within its limits, or a range not within the memory or the file. */
  ERR_LINEAR_MEMORY_OUT_OF_RANGE: RangeError;
  /** The memory would have more pages than its maximum, or than its address type allows. */
  ERR_LINEAR_MEMORY_MAXIMUM_EXCEEDED: RangeError;
  /** The engine cannot have such a long buffer, or so many shared pages. */
  ERR_LINEAR_MEMORY_ENGINE_LIMIT_EXCEEDED: RangeError;
  /**
   * There is no address space, no memory mapping or no engine memory left for the pages. After closing other
   * memories, the call may succeed. `ENOMEM` has the same meaning, if the system reports it.
   */
  ERR_LINEAR_MEMORY_OUT_OF_MEMORY: RangeError;
  /** This engine or this system does not support the call for such a memory: {@link features} reports what it supports. */
  ERR_LINEAR_MEMORY_NOT_SUPPORTED: TypeError | RangeError;
  /** Only a shared memory has this member. */
  ERR_LINEAR_MEMORY_NOT_SHARED: TypeError;
  /** Only a memory that has a maximum can have a resizable buffer. */
  ERR_LINEAR_MEMORY_NO_MAXIMUM: TypeError;
  /** Only a memory that is backed by a writable file can be flushed. */
  ERR_LINEAR_MEMORY_NOT_FILE_BACKED: TypeError;
  /** The memory is file-backed: its pages cannot be replaced, discarded or resized. */
  ERR_LINEAR_MEMORY_FILE_BACKED: TypeError;
  /**
   * The buffer cannot be detached: the program has marked it, or linked it as an asm.js heap. Or the program has
   * called a method that would detach the buffer of a memory. A RangeError if `grow()` throws it because of asm.js.
   */
  ERR_LINEAR_MEMORY_NOT_DETACHABLE: TypeError | RangeError;
  /** The program has closed the memory. */
  ERR_LINEAR_MEMORY_CLOSED: TypeError;
  /** The pages no longer belong to the memory, for example because the program has transferred the buffer. */
  ERR_LINEAR_MEMORY_GONE: TypeError;
  /** The memory to be restored has pending calls of `wait()`. */
  ERR_LINEAR_MEMORY_PENDING_WAITS: TypeError;
  /** The snapshot is longer than the memory: grow the memory first. */
  ERR_LINEAR_MEMORY_SNAPSHOT_TOO_LONG: RangeError;
  /** The file is not a snapshot. */
  ERR_LINEAR_MEMORY_NOT_A_SNAPSHOT: TypeError;
  /** The file is a snapshot of a format that this version of the package does not read. */
  ERR_LINEAR_MEMORY_SNAPSHOT_VERSION: TypeError;
  /** The file is a snapshot that was truncated, or changed since it was written. */
  ERR_LINEAR_MEMORY_SNAPSHOT_DAMAGED: TypeError;
  /** The file was truncated while it was mapped, or its disk failed: lost pages read as zero. */
  ERR_LINEAR_MEMORY_FILE_TRUNCATED: RangeError;
  /** The engine has moved the memory away from the file's pages when it grew. */
  ERR_LINEAR_MEMORY_FILE_DISCONNECTED: RangeError;
  /** `linear-memory/register` cannot remove a member from a frozen object. */
  ERR_LINEAR_MEMORY_FROZEN: TypeError;
  /** The system refuses with an error that has no code in Node.js: on Windows. */
  ERR_LINEAR_MEMORY_SYSTEM: RangeError;
  /** The addon has failed. Please report it. */
  ERR_LINEAR_MEMORY_INTERNAL: TypeError | RangeError;
  /** There is no addon for this platform: thrown when the package is loaded. */
  ERR_LINEAR_MEMORY_ADDON_NOT_FOUND: Error;
  /** The process has loaded another, incompatible version of this package before. */
  ERR_LINEAR_MEMORY_INCOMPATIBLE_COPY: Error;
  /** The engine runs without WebAssembly: thrown when the package is loaded. */
  ERR_LINEAR_MEMORY_NO_WEBASSEMBLY: Error;
}

/** The `code` of an error that this package throws, if it is not the system's. */
export type ErrorCode = keyof ErrorCodes;

// Without this line, TypeScript would export all declarations of this file.
export {};
