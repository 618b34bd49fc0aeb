// The functions that the addon exports: see src/exports/. A test compares the names.
// Numbers of pages, bytes and offsets are integers that the caller has checked.

declare const opaque: unique symbol;

/** An object that keeps the image or the file of a handle alive. */
export interface Owner {
  readonly [opaque]: "owner";
}

/** The buffer of a memory, or a view of it: the addon sees its first byte and its length. */
export type Pages = ArrayBuffer | Uint8Array;

// What the engine, the system and Node-API offer.

export function handoffName(): "v8" | "node-api";
export function hasDetachKeys(): boolean;
export function hasExternalSharedBuffers(): boolean;
export function hasHugePages(): boolean;
export function hasWaits(): boolean;
export function mapsFiles(): boolean;
export function reportsPageStates(): boolean;

/** The addon that this process is to use in place of this one; null if it is this one. */
export function firstCopy(): { path: string; isCompatible: boolean } | null;

// Memories over reserved pages. `id` is the handle of one.

export function create(
  initial: number,
  maximum: number | undefined,
  shared: boolean,
  hugePages: boolean,
): { id: number; buffer: ArrayBuffer | SharedArrayBuffer };
export function issue(id: number): ArrayBuffer | SharedArrayBuffer;
export function open(id: number, view: Uint8Array): SharedArrayBuffer | null;
export function size(id: number): number;
export function grow(id: number, delta: number, buffer: ArrayBuffer): ArrayBuffer;
export function growShared(id: number, delta: number): number;
export function close(id: number, buffer: ArrayBuffer): ArrayBuffer;
export function reserved(id: number): { reserved: number; committed: number };
export function releaseSpares(): void;

export function moveOut(id: number, destination: Uint8Array, buffer: ArrayBuffer): ArrayBuffer;
export function moveBack(
  id: number,
  buffer: ArrayBuffer,
): { buffer: ArrayBuffer; keeper: ArrayBuffer | null };
export function moveOn(
  id: number,
  buffer: ArrayBuffer,
  destination: Uint8Array,
): ArrayBuffer | null;
export function undoMove(id: number, moved: Pages, buffer: ArrayBuffer): void;

// Buffers that the engine made.

export function address(view: Uint8Array): number;
export function setDetachKey(buffer: ArrayBuffer): void;
export function transfer(buffer: ArrayBuffer): ArrayBuffer | null;

// Pages in place, reserved or the engine's. `image` is the handle of an image.

export function discard(pages: Pages, offset: number, length: number): number;
export function release(pages: Pages): void;
export function resident(pages: Pages): number;
export function hostedReserved(pages: Pages): number;
export function makeAnonymous(pages: Pages): void;
export function capture(pages: Pages): Image;
export function restore(pages: Pages, image: number, owner: Owner): void;
export function restoreCopy(pages: Pages, image: number, owner: Owner): void;
export function openImage(descriptor: number): Image & { flags: number; maximum: number };
export function saveImage(
  image: number,
  owner: Owner,
  path: string,
  flags: number,
  maximum: number,
): void;

export interface Image {
  id: number;
  owner: Owner;
  byteLength: number;
}

// Files that are mapped over parts of a memory. mapFile() returns a number for the file, or 0 if it copied all bytes.

export function mapFile(
  pages: Pages,
  offset: number,
  descriptor: number,
  fileOffset: number,
  length: number,
): number;
export function copyFile(
  pages: Pages,
  offset: number,
  descriptor: number,
  fileOffset: number,
  length: number,
): void;
export function isMapped(pages: Pages, id: number): boolean;
export function hasLostPages(pages: Pages, id?: number): boolean;
export function expectRearm(): void;
export function rearm(): void;

// Files that back memories. `id` is the handle of a file; `reserved` is the handle of its memory, if the pages
// are reserved and not shared.

export interface File {
  id: number;
  holder: number;
  owner: Owner;
  isWritten: boolean;
}

export function takeFile(descriptor: number, isWritten: boolean, anew: boolean): File;
export function holdFile(id: number, pages: Pages): File | null;
export function releaseFile(holder: number, owner: Owner): void;
export function beginFile(
  id: number,
  pages: Pages,
  size: number,
  isEmptied: boolean,
  reserved: number | undefined,
): void;
export function growWithFile(
  memory: number,
  id: number,
  delta: number,
  limit: number,
  buffer: ArrayBuffer,
): { before: number; buffer: ArrayBuffer };
export function moveOutWithFile(
  memory: number,
  id: number,
  destination: Uint8Array,
  buffer: ArrayBuffer,
): ArrayBuffer;
export function beginEngineGrowth(
  id: number,
  pages: Pages,
  delta: number,
  limit: number,
): { before: number; added: number };
export function finishEngineGrowth(pages: Pages): "moved" | "truncated" | null;
export function abandonEngineGrowth(pages: Pages): string | null;
export function releaseEngineGrowth(): void;
export function reconcileFile(id: number, pages: Pages, reserved: number | undefined): void;
export function revertToFile(id: number, pages: Pages, offset: number, length: number): number;
export function checkFile(
  id: number,
  pages: Pages,
  reserved: number | undefined,
): "moved" | "truncated" | null;
export function flushFile(id: number, owner: Owner): Promise<void>;
export function flushFileSync(id: number, owner: Owner): void;

// Waits for words of shared memory, in this process and in others.

export function wait(
  address: number,
  expected: number,
  milliseconds: number,
): Promise<"ok" | "not-equal" | "timed-out">;
export function notify(address: number, count: number): number;
