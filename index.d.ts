/**
 * The class `WebAssembly.Memory`, over pages that this package reserves from the operating system.
 *
 * Sizes are WebAssembly pages of 64 KiB unless a name says bytes. Every error is a `TypeError` or a
 * `RangeError` that names the member, the value and the limit; a call that fails changes nothing.
 *
 * @packageDocumentation
 */

/** How a memory is addressed: `"i32"` counts pages in numbers, `"i64"` in BigInts. */
export type AddressType = "i32" | "i64";

/**
 * What a memory is to be: the JS API's `MemoryDescriptor`, with the members that the threads,
 * 64-bit and type reflection proposals add. Members are read in alphabetical order.
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

/** What the JS API has no place for. What is no object, it ignores as a stray argument. */
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

/** The type of a number of pages. */
export type PageCount<Address extends AddressType> = Address extends "i64" ? bigint : number;

/** What `Memory.type()` returns: also a descriptor, of a new memory of the same type. */
export interface MemoryType<Address extends AddressType = AddressType> {
  /** Pages now. */
  minimum: PageCount<Address>;
  /** The most pages it may grow to; absent where none was given. */
  maximum?: PageCount<Address>;
  shared: boolean;
  address: Address;
}

/**
 * A linear memory.
 *
 * An unshared memory's `buffer` is an ArrayBuffer over pages of ours, detached and reissued when it
 * grows. A shared one's is a SharedArrayBuffer of the engine's, so that Atomics and modules in all
 * threads meet at one address.
 *
 * The pages are released when the last buffer of the memory is collected.
 */
export interface Memory<
  Buffer extends ArrayBufferLike = ArrayBuffer,
  Address extends AddressType = "i32",
> {
  /**
   * The bytes, all of them. The same object until the memory grows, then another one. The one
   * before is detached if it is unshared; if it is shared it stays valid, at its length.
   *
   * What any thread has grown, in JavaScript or in a module, shows in all of them: whoever has seen
   * what the growing thread wrote afterwards reads a buffer with the pages.
   *
   * Where `features.detachKeys` is false, a program can detach an unshared buffer by transferring it,
   * which the specification forbids. The next `buffer` is then a new one over the same pages.
   *
   * @throws TypeError where the pages went with a buffer that was transferred.
   * @see {@link https://webassembly.github.io/spec/js-api/#dom-memory-buffer JS API, Memory.buffer}
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
   *   Node.js 20 and Bun). The memory is as it was.
   * @see {@link https://webassembly.github.io/spec/js-api/#dom-memory-grow JS API, Memory.grow()}
   */
  grow(delta: PageCount<Address>): PageCount<Address>;

  /**
   * The type, with the size of now as its minimum.
   *
   * @see {@link https://github.com/WebAssembly/js-types js-types proposal, Memory.type()}
   */
  type(): MemoryType<Address>;

  /**
   * The `WebAssembly.Memory` whose bytes are this memory's: what an import object takes. Always the
   * same object. It and this memory grow together.
   *
   * The pages of an unshared memory are moved into the engine the first time, on Linux without
   * copying them: its buffer is detached, and `buffer` is another one from then on.
   *
   * @throws TypeError where the engine has no class for it: 64-bit addresses on Node.js 20 and 22,
   *   or a maximum beyond 262,144 pages. The memory is as it was.
   * @throws RangeError where the engine cannot allocate it. The memory is as it was.
   */
  toWebAssembly(): WebAssembly.Memory;

  /**
   * What another thread is to be posted, for its {@link MemoryConstructor.from | Memory.from()}.
   *
   * A `Memory` itself cannot be posted: that throws a DataCloneError, as does `structuredClone()`. On
   * Node.js before 22.10, which cannot be told so, it arrives as an empty object.
   *
   * @throws TypeError where the memory is not shared.
   */
  share(): SharedMemoryToken;

  readonly [Symbol.toStringTag]: "WebAssembly.Memory";
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
 */
export interface SharedMemoryToken {
  readonly [sharedMemory]: never;
}

export interface MemoryConstructor {
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
   * const memory = new Memory({ initial: 10, maximum: 100 });
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
   * @throws TypeError where `source` is neither, or the memory behind it is gone. An object that only
   *   looks like what `share()` returned is neither: it must hold a memory or a buffer of it.
   */
  from(source: WebAssembly.Memory | SharedMemoryToken): Memory<ArrayBufferLike>;
}

/** A descriptor with the members that others of its members make required. */
type CheckedDescriptor<Address extends AddressType, Shared extends boolean> = MemoryDescriptor<
  Address,
  Shared
> &
  (Address extends "i64" ? { address: "i64" } : unknown) &
  (Shared extends true ? { shared: true; maximum: PageCount<Address> } : unknown);

export declare const Memory: MemoryConstructor;

/** What this engine offers, so that a program can ask rather than try. */
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
  /** Whether the system gives huge pages: see {@link MemoryOptions.hugePages}. */
  readonly hugePages: boolean;
  /** Whether the engine's own class has 64-bit addresses, so that `toWebAssembly()` takes them. */
  readonly memory64: boolean;
  /**
   * Whether shared memories can be had that the engine does not host: 64-bit addresses with a
   * maximum of more than 65,536 pages where `memory64` is false, or more than 262,144 elsewhere.
   */
  readonly externalSharedBuffers: boolean;
};
