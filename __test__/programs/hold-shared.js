"use strict";

// What keeps a shared memory alive, and what no longer does: prints the protection of its first page
// while it is held as the arguments say (which kind of memory, and how), and after that.

const { once } = require("node:events");
const { Worker, MessageChannel, BroadcastChannel, isMainThread } = require("node:worker_threads");
const { parentPort, workerData } = require("node:worker_threads");

const { Memory } = require("../..");
const native = require("../../native");
const { collect, protectionAt } = require("../support/kernel");
const { kinds, pages } = require("../support/threads");

const startHolder = (what, token) => new Worker(__filename, { workerData: { what, token } });

/** Held by a thread, which is told to let go. */
const heldBy = (what) => async (token) => {
  const worker = startHolder(what, token);
  await once(worker, "message");
  return async () => {
    const [dropped] = [once(worker, "message"), worker.postMessage("drop")];
    await dropped;
  };
};

const terminated = (what) => async (token) => {
  const worker = startHolder(what, token);
  await once(worker, "message");
  return () => worker.terminate();
};

/** Each takes a token, and returns what lets go of all that it has done with it. */
const ways = {
  "a thread's Memory": heldBy("memory"),
  "a thread's buffer": heldBy("buffer"),
  "a thread's buffer of before it grew": heldBy("old buffer"),
  "a thread's token": heldBy("token"),
  "a thread's WebAssembly.Memory": heldBy("engine's"),
  "a thread's Memory, and the thread is terminated": terminated("memory"),
  "a thread that waits, and is terminated": terminated("waiter"),
  "a message that nobody takes, and its port is closed": (token) => {
    const { port1, port2 } = new MessageChannel();
    port1.postMessage({ token });
    return () => port2.close(); // closing only `port1` leaves the message to be taken
  },
  "a message to a port in a thread, which is terminated": async (token) => {
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker(__filename, {
      workerData: { what: "port", token: port2 },
      transferList: [port2],
    });
    await once(worker, "message");
    port1.postMessage(token);
    return async () => {
      await worker.terminate();
      port1.close();
    };
  },
  "a message to a thread that takes none, and is terminated": async (token) => {
    const worker = startHolder("busy");
    await once(worker, "message");
    worker.postMessage(token);
    return () => worker.terminate();
  },
  "a broadcast to a thread that takes none, and is terminated": async (token) => {
    const worker = startHolder("busy");
    await once(worker, "message");
    const channel = new BroadcastChannel("held");
    channel.postMessage(token);
    channel.close();
    return () => worker.terminate();
  },
};

async function main([kind, way]) {
  const make = kinds.find(([name]) => name === kind)[1];
  const { address, letGo } = await hold(make, ways[way]);
  await collect();
  const held = protectionAt(address);
  await letGo();
  await collect(() => protectionAt(address) !== "rw-p");
  console.log(JSON.stringify({ held, after: protectionAt(address) ?? "unmapped" }));
  process.exit(); // there may be a thread that has let go
}

/** Makes a memory, and lets go of it here. */
async function hold(make, way) {
  const memory = make(10);
  new Uint8Array(memory.buffer)[0] = 1;
  const address = native.address(new Uint8Array(memory.buffer));
  return { address, letGo: await way(memory.share()) };
}

const holders = {
  memory: (token) => Memory.from(token),
  buffer: (token) => Memory.from(token).buffer,
  "old buffer": (token) => {
    const memory = Memory.from(token);
    const { buffer } = memory;
    memory.grow(pages(memory, 1));
    return buffer;
  },
  token: (token) => token,
  "engine's": (token) => Memory.from(token).toWebAssembly(),
  port: (port) => port,
  waiter: (token) => new Int32Array(Memory.from(token).buffer),
  busy: () => {
    held.push(new Int32Array(new SharedArrayBuffer(8)));
    return new BroadcastChannel("held");
  },
};

/** What this thread holds, and nothing else of it. */
const held = [];

/** Not part of `work`, whose frame would hold what it has ever had in hand. */
function take({ what, token }) {
  held.push(holders[what](token));
  delete workerData.token;
}

async function work() {
  const { what } = workerData;
  take(workerData);
  parentPort.postMessage("held");
  if (what === "waiter" || what === "busy") Atomics.wait(held[0], 0, held[0][0]);
  await once(parentPort, "message");
  held.pop();
  await collect();
  parentPort.postMessage("dropped");
  await once(parentPort, "message");
}

if (!isMainThread) work();
else if (require.main === module) main(process.argv.slice(2));

module.exports = { ways: Object.keys(ways) };
