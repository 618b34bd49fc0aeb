"use strict";

// Prints what a posted memory has, in a program that uses only WebAssembly.Memory. Run it with
// linear-memory/register. (Jest's realm is not the one in which messages arrive.)

const { MessageChannel, receiveMessageOnPort } = require("node:worker_threads");

const PAGE = 65_536;
const { Memory, Instance, Module } = WebAssembly;

/** (module (import "a" "b" (memory 0 9 shared)) (export "m" (memory 0))) */
const importer = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 2, 9, 1, 1, 97, 1, 98, 2, 3, 0, 9, 7, 5, 1, 1, 109, 2, 0],
);

function post() {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(new Memory({ initial: 1, maximum: 3, shared: true }));
  const { message } = receiveMessageOnPort(port2);
  port1.close();
  return message;
}

const hasOurs = (memory) => Object.getPrototypeOf(memory) === Memory.prototype;

const called = post();
const isInstance = called instanceof Memory;
const { minimum } = called.type();
called.discard(0, PAGE);

const imported = post();
const { m } = new Instance(new Module(importer), { a: { b: imported } }).exports;

const frozen = Object.freeze(post());
frozen.discard(0, PAGE);

console.log(
  JSON.stringify({
    isInstance,
    minimum,
    called: hasOurs(called),
    imported: hasOurs(imported) && m === imported,
    frozen: frozen.buffer.byteLength,
  }),
);
