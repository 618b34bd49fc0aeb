// Compiles with the types of the language alone: a server has no DOM, and may lack @types/node.

import all, { Memory, Snapshot, features, type SharedMemoryToken } from "linear-memory";

function takes(memory: Memory): number {
  return memory.grow(1) + memory.buffer.byteLength;
}

declare const token: SharedMemoryToken;
declare const untyped: any;

takes(new Memory({ initial: 1 }));
takes(new Memory({ initial: 1, maximum: 2, shared: true }));
takes(new all.Memory({ initial: 1 }));
takes(Memory.from(token));
takes(Memory.from(untyped));
takes(Memory.from(new Memory({ initial: 1 })));
takes(Memory.from(new Memory({ initial: 1 }).toWebAssembly()));
takes(Memory.from(new Memory({ initial: 1 }).snapshot()));
takes(Memory.open("file"));
takes(Memory.open(new Uint8Array(1), { mode: "r+", maximum: 2, shared: true }));

const snapshot: Snapshot = Snapshot.open("file");
const memory64 = new Memory({ initial: 1n, address: "i64" });
const before64: bigint = Memory.from<"i64">(memory64.toWebAssembly()).grow(1n);
const unshared: ArrayBuffer = new Memory({ initial: 1 }).buffer;
const engines: { readonly buffer: ArrayBufferLike } = new Memory({ initial: 1 }).toWebAssembly();
const grown: number = new Memory({ initial: 1 }).toWebAssembly().grow(1);
const has: boolean = features.memory64;
using closed: Memory = new Memory({ initial: 1 });

// @ts-expect-error 64-bit memories count pages in BigInts
takes(memory64);
// @ts-expect-error a string is not a memory
Memory.from("memory");
// @ts-expect-error an object without the members of a memory is not one
Memory.from({ byteLength: 1 });

export { snapshot, before64, unshared, engines, grown, has, closed };
