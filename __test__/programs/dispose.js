"use strict";

// Disposes of memories, by hand and with `using` where the engine has it; prints what comes of it.

const { Memory } = require("../..");

const outcome = (action) => {
  try {
    return action();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};

const descriptor = Object.getOwnPropertyDescriptor(Memory.prototype, Symbol.dispose);
const memory = new Memory({ initial: 1 });
memory[Symbol.dispose]();
const dispose = {
  isClose: descriptor.value === Memory.prototype.close,
  enumerable: descriptor.enumerable,
  closes: outcome(() => memory.buffer) === "TypeError: Memory.buffer: the memory is closed",
};

function compile() {
  try {
    return new Function(
      "Memory",
      "use",
      "{ using memory = new Memory({ initial: 1 }); use(memory); }",
    );
  } catch {
    return undefined;
  }
}

const block = compile();
let using;
if (block !== undefined) {
  const seen = [];
  block(Memory, (memory) => seen.push(memory, memory.buffer, memory.buffer.byteLength));
  const after = outcome(() => seen[0].buffer);
  try {
    block(Memory, (memory) => {
      seen.push(memory);
      throw new Error("inside");
    });
  } catch {
    // As it should.
  }
  const thrown = outcome(() => seen.at(-1).buffer);
  using = { inside: seen[2], after, thrown, detached: seen[1].byteLength === 0 };
}
console.log(JSON.stringify({ dispose, using }));
