// Compiled, not run: what index.d.ts promises of types.

import { Memory, features, type MemoryType } from "..";
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
const engines: WebAssembly.Memory = new Memory({ initial: 1 }).toWebAssembly();
const adopted: ArrayBufferLike = Memory.from(engines).buffer;
const posted = Memory.from(new Memory({ initial: 1, maximum: 2, shared: true }).share());
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

// @ts-expect-error initial is required
new Memory({ maximum: 1 });
// @ts-expect-error a shared memory needs a maximum
new Memory({ initial: 1, shared: true });
// @ts-expect-error 64-bit memories count in BigInts
new Memory({ initial: 1, address: "i64" });
// @ts-expect-error 32-bit memories count in numbers
new Memory({ initial: 1n });
// @ts-expect-error no such address type
new Memory({ initial: 1, address: "i16" });
// @ts-expect-error no such mode
Memory.open("file", { mode: "a" });
// @ts-expect-error a file that is new needs an initial
Memory.open("file", { mode: "w+" });
// @ts-expect-error a shared memory needs a maximum
Memory.open("file", { mode: "r+", shared: true });
// @ts-expect-error what is written to a private copy cannot be shared
Memory.open("file", { mode: "r", shared: true, maximum: 1 });
// @ts-expect-error 64-bit memories count in BigInts
Memory.open("file", { mode: "r+", initial: 1, address: "i64" });
// @ts-expect-error offsets are bytes, in numbers
opened.map(0n, "file");
// @ts-expect-error nothing to give
undo(true);
// @ts-expect-error buffer is read only
new Memory({ initial: 1 }).buffer = unshared;

export { shared, before, before64, shared64, type, adopted, posted, has, derived, undone };
export { openedBuffer, openedShared, opened64, mapped, flushed, flushedSync, waited, woken };
