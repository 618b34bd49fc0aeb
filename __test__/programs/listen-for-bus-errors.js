"use strict";

// Programs that add and remove listeners of SIGBUS, before and after a file is mapped, whose lost pages
// they touch: one case a process, which prints what was read, and what was heard.

const { once } = require("node:events");
const fs = require("node:fs");

const { Memory } = require("../..");
const { start } = require("../support/worker");

const PAGE = 65_536;
const [scenario, file] = process.argv.slice(2);

/** A memory, and its bytes: to touch these is no call on the memory. */
function open() {
  fs.writeFileSync(file, Buffer.alloc(4 * PAGE, 1));
  const memory = Memory.open(file);
  return { memory, bytes: new Uint8Array(memory.buffer) };
}

/** What a lost page of the memory reads, and the error of the next call. */
function lose({ memory, bytes }) {
  fs.truncateSync(file, PAGE);
  const read = bytes[2 * PAGE];
  try {
    memory.grow(0);
    return { read };
  } catch (error) {
    return { read, error: error.message };
  }
}

let heard = 0;
const hear = () => heard++;

/** A signal that is sent still gets to the program. */
async function send() {
  const before = heard;
  const arrived = once(process, "SIGBUS");
  process.kill(process.pid, "SIGBUS");
  await arrived;
  return heard - before;
}

const scenarios = {
  async before() {
    process.on("SIGBUS", hear);
    const memory = open();
    return { sent: await send(), ...lose(memory) };
  },
  async after() {
    const memory = open();
    process.on("SIGBUS", hear);
    return { sent: await send(), ...lose(memory) };
  },
  removed() {
    const memory = open();
    process.on("SIGBUS", hear);
    process.off("SIGBUS", hear);
    return { sent: 1, ...lose(memory) };
  },
  allRemoved() {
    const memory = open();
    process.on("SIGBUS", hear);
    process.on("SIGBUS", () => {});
    process.removeAllListeners("SIGBUS");
    return { sent: 1, ...lose(memory) };
  },
  /** Then nobody is told of later listeners either: Node itself is not. */
  nothingLeft() {
    const memory = open();
    process.on("SIGBUS", hear);
    process.removeAllListeners();
    return { sent: 1, ...lose(memory) };
  },
  removedBefore() {
    process.on("SIGBUS", hear);
    const memory = open();
    process.off("SIGBUS", hear);
    return { sent: 1, ...lose(memory) };
  },
  async once() {
    const memory = open();
    process.once("SIGBUS", hear);
    return { sent: await send(), ...lose(memory) };
  },
  async again() {
    for (let round = 0; round < 50; round++) {
      const memory = open();
      process.on("SIGBUS", hear);
      lose(memory);
      process.off("SIGBUS", hear);
      lose(open());
    }
    process.on("SIGBUS", hear);
    return { sent: await send(), ...lose(open()) };
  },
  /** Only another thread has mapped a file. It finds out when it next calls a member. */
  async removedElsewhere() {
    const worker = start(
      `const fs = require("node:fs");
      fs.writeFileSync(data.file, Buffer.alloc(4 * data.PAGE, 1));
      const memory = Memory.open(data.file);
      port.once("message", () => {
        const bytes = new Uint8Array(memory.buffer);
        fs.truncateSync(data.file, data.PAGE);
        port.postMessage(bytes[2 * data.PAGE]);
      });
      port.postMessage("open");`,
      { file, PAGE },
    );
    await once(worker, "message");
    process.on("SIGBUS", hear);
    process.off("SIGBUS", hear);
    worker.postMessage("lose");
    const [read] = await once(worker, "message");
    return { sent: 1, read };
  },
  /** A signal that is sent ends the process again once nobody listens. */
  async sentAtLast() {
    open();
    process.on("SIGBUS", hear);
    await send();
    process.off("SIGBUS", hear);
    process.kill(process.pid, "SIGBUS");
    for (;;);
  },
};

async function main() {
  const result = await scenarios[scenario]();
  console.log(JSON.stringify(result));
  process.exit();
}

main();
