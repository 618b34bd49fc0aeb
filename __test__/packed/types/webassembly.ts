// Compiles with a namespace WebAssembly: that of the DOM.

import { Memory } from "linear-memory";

declare const instance: WebAssembly.Instance;
declare const engines: WebAssembly.Memory;
declare const members: Pick<WebAssembly.Memory, keyof WebAssembly.Memory & string>;

function takes(memory: Memory): ArrayBufferLike {
  return memory.buffer;
}

takes(Memory.from(engines));
takes(Memory.from(instance.exports.memory));
takes(Memory.from(new Memory({ initial: 1 })));

const mem: WebAssembly.Memory = new Memory({ initial: 1 }).toWebAssembly();
const imports: WebAssembly.Imports = { js: { mem } };
const standIn: WebAssembly.Memory = members;

// @ts-expect-error engines throw a LinkError for a Memory
const notImported: WebAssembly.Imports = { js: { mem: new Memory({ initial: 1 }) } };
// @ts-expect-error engines throw a LinkError for a shared Memory
const notShared: WebAssembly.ImportValue = new Memory({ initial: 1, maximum: 1, shared: true });
// @ts-expect-error engines throw a LinkError for a Memory with 64-bit addresses
const not64: WebAssembly.ImportValue = new Memory({ initial: 1n, address: "i64" });
// @ts-expect-error a Date is not a memory
Memory.from(new Date());

export { imports, standIn, notImported, notShared, not64 };
