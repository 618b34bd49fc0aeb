// Compiled, not run: the types of index.d.ts.

import { Memory, Snapshot, features, type MemoryType, type MemoryUsage } from "..";
import undo from "../register";

const unshared: ArrayBuffer = new Memory({ initial: 1 }).buffer;
const shared: SharedArrayBuffer = new Memory({ initial: 1, maximum: 2, shared: true }).buffer;
const before: number = new Memory({ initial: 1 }).grow(1);
const before64: bigint = new Memory({ initial: 1n, address: "i64" }).grow(1n);
const shared64: SharedArrayBuffer = new Memory({
  initial: 1n,
  maximum: 2n,
  shared: true,
  address: "i64",
}).buffer;
const type: MemoryType<"i32"> = new Memory({ initial: 1 }).type();
const resizable: ArrayBuffer = new Memory({ initial: 1, maximum: 2 }).toResizableBuffer();
const growable: SharedArrayBuffer = new Memory({
  initial: 1,
  maximum: 2,
  shared: true,
}).toResizableBuffer();
const fixed: ArrayBuffer = new Memory({ initial: 1 }).toFixedLengthBuffer();
const hasGrowable: boolean = features.resizableBuffers.shared;
const engines: WebAssembly.Memory = new Memory({ initial: 1 }).toWebAssembly();
const standsIn: WebAssembly.Memory = new Memory({ initial: 1 });
const imported: WebAssembly.Imports = { js: { mem: new Memory({ initial: 1 }) } };
const adopted: ArrayBufferLike = Memory.from(engines).buffer;
const adoptedMemory: Memory = Memory.from(engines);
const posted = Memory.from(new Memory({ initial: 1, maximum: 2, shared: true }).share());
const discarded: number = new Memory({ initial: 1n, address: "i64" }).discard(0, 65_536);
const usage: MemoryUsage = new Memory({ initial: 1 }).usage();
const bytes: number = usage.reserved + usage.committed + usage.resident;
const snapshot: Snapshot = new Memory({ initial: 1 }).snapshot();
const byteLength: number = Snapshot.open(new URL("file:///tmp/snapshot")).byteLength;
new Memory({ initial: 1 }).restore(snapshot);
snapshot.save("snapshot");
const started: ArrayBufferLike = Memory.from(snapshot).buffer;
const startedUnshared: ArrayBuffer = Memory.from(snapshot, { shared: false }).buffer;
const startedShared: SharedArrayBuffer = Memory.from(snapshot, { shared: true, maximum: 2 }).buffer;
const started64: bigint = Memory.from<"i64">(snapshot, { maximum: 2n }).grow(1n);
using disposed = new Memory({ initial: 1 });
const disposable: Disposable = disposed;
disposed.close();
const has: boolean = features.memory64;
const undone: void = undo();
class Derived extends Memory {}
const derived: Memory = new Derived({ initial: 1 });

const opened: Memory = Memory.open("file");
const openedBuffer: ArrayBuffer = Memory.open(new URL("file:///file"), { mode: "r+" }).buffer;
const openedShared: SharedArrayBuffer = Memory.open("file", {
  mode: "r+",
  shared: true,
  maximum: 2,
}).buffer;
const opened64: bigint = Memory.open(new Uint8Array(1), {
  mode: "w+",
  initial: 1n,
  address: "i64",
}).grow(1n);
const mapped: void = opened.map(0, 3, { fileOffset: 0, length: 1 });
const flushed: Promise<void> = opened.flush(0, 1);
const flushedSync: void = opened.flushSync();
const waited: Promise<"ok" | "not-equal" | "timed-out"> = opened.wait(0, 0, 1_000);
const woken: number = opened.notify(0, 1);

// @ts-expect-error features are readonly
features.resizableBuffers.shared = true;
// @ts-expect-error an unshared memory's buffer is an ArrayBuffer
const notShared: SharedArrayBuffer = new Memory({ initial: 1 }).buffer;
// @ts-expect-error a shared memory's buffer is a SharedArrayBuffer
const notUnshared: ArrayBuffer = new Memory({ initial: 1, maximum: 1, shared: true }).buffer;
// @ts-expect-error the engine's type counts pages in numbers
const notStandingIn: WebAssembly.Memory = new Memory({ initial: 1n, address: "i64" });
// @ts-expect-error initial is required
new Memory({ maximum: 1 });
// @ts-expect-error a shared memory needs a maximum
new Memory({ initial: 1, shared: true });
// @ts-expect-error 64-bit memories count in BigInts
new Memory({ initial: 1, address: "i64" });
// @ts-expect-error 32-bit memories count in numbers
new Memory({ initial: 1n });
// @ts-expect-error "i16" is not an address type
new Memory({ initial: 1, address: "i16" });
// @ts-expect-error "a" is not a mode
Memory.open("file", { mode: "a" });
// @ts-expect-error a new file needs an initial
Memory.open("file", { mode: "w+" });
// @ts-expect-error a shared memory needs a maximum
Memory.open("file", { mode: "r+", shared: true });
// @ts-expect-error a private copy cannot be shared
Memory.open("file", { mode: "r", shared: true, maximum: 1 });
// @ts-expect-error 64-bit memories count in BigInts
Memory.open("file", { mode: "r+", initial: 1, address: "i64" });
// @ts-expect-error offsets are numbers of bytes
opened.map(0n, "file");
// @ts-expect-error undo() takes no argument
undo(true);
// @ts-expect-error buffer is readonly
new Memory({ initial: 1 }).buffer = unshared;
// @ts-expect-error offsets are numbers of bytes, even if pages are counted in BigInts
new Memory({ initial: 1n, address: "i64" }).discard(0n, 65_536n);
// @ts-expect-error only memory.snapshot() and Snapshot.open() create snapshots
new Snapshot();
// @ts-expect-error an object with the same members is not a snapshot
new Memory({ initial: 1 }).restore({ byteLength: 1, save() {}, [Symbol.toStringTag]: "Snapshot" });
// @ts-expect-error a 32-bit memory counts pages in numbers
Memory.from(snapshot, { maximum: 2n }).grow(1);
// @ts-expect-error byteLength is readonly
snapshot.byteLength = 0;

export { shared, before, before64, shared64, type, adopted, posted, has, derived, undone };
export { adoptedMemory, standsIn, imported, notShared, notUnshared, notStandingIn };
export { resizable, growable, fixed, hasGrowable };
export { discarded, bytes, byteLength, disposable };
export { started, startedUnshared, startedShared, started64 };
export { openedBuffer, openedShared, opened64, mapped, flushed, flushedSync, waited, woken };
