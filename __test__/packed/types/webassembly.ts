// What compiles where there is a namespace WebAssembly: with the DOM.

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

// @ts-expect-error an engine throws a LinkError for it
const notImported: WebAssembly.Imports = { js: { mem: new Memory({ initial: 1 }) } };
// @ts-expect-error so does it for a shared one
const notShared: WebAssembly.ImportValue = new Memory({ initial: 1, maximum: 1, shared: true });
// @ts-expect-error and for one of 64-bit addresses
const not64: WebAssembly.ImportValue = new Memory({ initial: 1n, address: "i64" });
// @ts-expect-error a Date is not exported by any module
Memory.from(new Date());

export { imports, standIn, notImported, notShared, not64 };
