"use strict";

// Written for WebAssembly.Memory, knows nothing of ours: prints, in lines of text, what can be seen of
// instantiation and of memories. To be run with linear-memory/register and without.

const { once } = require("node:events");
const { readFileSync } = require("node:fs");
const path = require("node:path");
const { inspect } = require("node:util");
const { WASI } = require("node:wasi");
const { Worker } = require("node:worker_threads");

const { Memory, Module, Instance } = WebAssembly;
const print = (...values) => console.log(...values);

/** (module (import "a" "b" (memory 0)) (export "m" (memory 0))), and imports of i32 globals if named. */
function importer({ globals = [], shared = false } = {}) {
  const string = (text) => [text.length, ...Buffer.from(text)];
  const imported = (name, ...type) => [...string("a"), ...string(name), ...type];
  const memory = imported("b", 2, ...(shared ? [3, 0, 9] : [0, 0]));
  const imports = [memory, ...globals.map((name) => imported(name, 3, 127, 0))];
  const importSection = [2, imports.flat().length + 1, imports.length, ...imports.flat()];
  return Uint8Array.of(
    0,
    97,
    115,
    109,
    1,
    0,
    0,
    0,
    ...importSection,
    7,
    5,
    1,
    ...string("m"),
    2,
    0,
  );
}

/** (module (memory (export "m") 1 5)) */
const exporter = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 5, 4, 1, 1, 1, 5, 7, 5, 1, 1, 109, 2, 0],
);

const respond = (bytes) => new Response(bytes, { headers: { "content-type": "application/wasm" } });

/** All ways to an instance; each throws, or makes a promise, as the engine does. */
const WAYS = {
  "new Instance": (bytes, ...imports) => new WebAssembly.Instance(new Module(bytes), ...imports),
  "instantiate a module": (bytes, ...imports) =>
    WebAssembly.instantiate(new Module(bytes), ...imports),
  "instantiate bytes": (bytes, ...imports) => WebAssembly.instantiate(bytes, ...imports),
  instantiateStreaming: (bytes, ...imports) =>
    WebAssembly.instantiateStreaming(Promise.resolve(respond(bytes)), ...imports),
};

/** What comes of a call: "returns", "throws", "resolves" or "rejects", and to what. */
async function outcome(call) {
  const shown = (value) =>
    value instanceof Error ? `${value.name}: ${value.message}` : show(value);
  let result;
  try {
    result = call();
  } catch (error) {
    return `throws ${shown(error)}`;
  }
  if (!(result instanceof Promise)) return `returns ${shown(result)}`;
  if (Object.getPrototypeOf(result) !== Promise.prototype) return "returns an unusual promise";
  try {
    return `resolves to ${shown(await result)}`;
  } catch (error) {
    return `rejects with ${shown(error)}`;
  }
}

function show(value) {
  if (value instanceof WebAssembly.Instance) return "an instance";
  if (value === null || typeof value !== "object") return String(value);
  const members = Object.entries(Object.getOwnPropertyDescriptors(value)).map(
    ([key, { value, writable, enumerable, configurable }]) =>
      `${key}: ${Object.prototype.toString.call(value)} ${writable} ${enumerable} ${configurable}`,
  );
  return `{ ${members.join(", ")} }`;
}

function properties() {
  for (const key of Reflect.ownKeys(WebAssembly)) {
    const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(
      WebAssembly,
      key,
    );
    print(key, typeof value, value?.name, value?.length, writable, enumerable, configurable);
    if (typeof value !== "function" || key === "Memory") continue;
    for (const own of Reflect.ownKeys(value)) {
      print(" ", own, typeof value[own], show(Object.getOwnPropertyDescriptor(value, own)));
    }
    print("  ", Object.prototype.toString.call(value), Object.isExtensible(value));
    print("  ", Object.getPrototypeOf(value) === Function.prototype);
    print("  ", value.prototype?.constructor === value);
  }
  for (const key of ["name", "length", "prototype"]) {
    print(key, Object.getOwnPropertyDescriptor(Memory, key).writable);
  }
}

async function refusals() {
  const bytes = importer();
  const memory = new Memory({ initial: 1 });
  const importObjects = [
    [],
    [undefined],
    [null],
    [1],
    ["text"],
    [Symbol("imports")],
    [{}],
    [() => {}],
    [{ a: undefined }],
    [{ a: null }],
    [{ a: 1 }],
    [{ a: {} }],
    [{ a: () => {} }],
    [{ a: { b: 1 } }],
    [{ a: { b: {} } }],
    [{ a: { b: Object.create(memory) } }],
    [{ a: { b: new Proxy(memory, {}) } }],
    [{ a: { b: new Memory({ initial: 1, maximum: 3, shared: true }) } }],
    [{ a: { b: memory.buffer } }],
    [memory],
    [{ a: memory }],
    [{ a: { b: memory } }],
    [{ a: { b: memory } }, undefined],
    [{ a: { b: memory } }, {}],
    [Object.freeze({ a: Object.freeze({ b: memory }) })],
    [Object.create({ a: Object.create({ b: memory }) })],
    [Object.assign(() => {}, { a: Object.assign(() => {}, { b: memory }) })],
    [{ a: new Proxy({ b: memory }, {}) }],
    [new Proxy(Object.freeze({ a: { b: memory } }), {})],
    [proxyThatThrows("a")],
    [{ a: proxyThatThrows("b") }],
  ];
  for (const [way, instantiate] of Object.entries(WAYS)) {
    for (const [index, args] of importObjects.entries()) {
      print(way, index, await outcome(() => instantiate(bytes, ...args)));
    }
    print(way, "nothing to import", await outcome(() => instantiate(exporter)));
    print(way, "no module", await outcome(() => instantiate(Uint8Array.of(1, 2, 3), {})));
  }
  for (const name of ["Instance", "instantiate", "instantiateStreaming"]) {
    const original = WebAssembly[name];
    for (const args of [[], [undefined], [null], [1], [{}], [{}, 1], [new Module(bytes)]]) {
      print(name, args.length, await outcome(() => original(...args)));
      print(name, args.length, await outcome(() => Reflect.apply(original, null, args)));
      print(name, args.length, await outcome(() => new original(...args)));
    }
  }
  print("failed imports leave the memory alone", memory.buffer.byteLength, memory.grow(1));
}

function proxyThatThrows(key) {
  return new Proxy({}, { get: (_, name) => (name === key ? fail(key) : undefined) });
}

function fail(what) {
  throw new EvalError(`reading ${what}`);
}

/** Which operations an engine does on import objects, when, in which order and how often. */
async function reads() {
  const log = [];
  const operations = Reflect.ownKeys(Reflect).filter((key) => typeof key === "string");
  const observed = (name, target) => {
    const proxy = new Proxy(
      target,
      Object.fromEntries(
        operations.map((operation) => [
          operation,
          (...args) => {
            const isOwn = operation !== "get" || args[2] === proxy;
            log.push(`${operation} ${name}.${String(args[1])}${isOwn ? "" : " of another"}`);
            return Reflect[operation](...args);
          },
        ]),
      ),
    );
    return proxy;
  };
  for (const [way, instantiate] of Object.entries(WAYS)) {
    for (const missing of [undefined, "c"]) {
      const values = { b: new Memory({ initial: 1 }), c: 3, d: 4 };
      delete values[missing];
      const imports = observed("imports", { a: observed("a", values) });
      log.push("call");
      const result = outcome(() => instantiate(importer({ globals: ["d", "c"] }), imports));
      log.push("called");
      const ticks = [1, 2, 3].map((tick) => Promise.resolve().then(() => log.push(`tick ${tick}`)));
      print(way, missing, await result);
      await Promise.all(ticks);
      print(log.splice(0).join(", "));
    }
  }
}

async function instances() {
  const memory = new Memory({ initial: 1, maximum: 4 });
  const { buffer } = memory;
  const view = new Uint8Array(buffer);
  view[7] = 77;
  for (const [way, instantiate] of Object.entries(WAYS)) {
    const result = await instantiate(importer(), { a: { b: memory } });
    const instance = result.instance ?? result;
    print(way, "views live on", memory.buffer === buffer, view[7], view.length);
    print(way, "exports the memory", instance.exports.m === memory);
    print(way, instance instanceof WebAssembly.Instance, instance instanceof Instance);
    print(way, instance.constructor === WebAssembly.Instance, String(instance));
    print(way, Object.getPrototypeOf(instance) === WebAssembly.Instance.prototype);
  }
  print(memory.grow(1), view.length, new Uint8Array(memory.buffer)[7]);

  class Program extends WebAssembly.Instance {
    get memory() {
      return this.exports.m;
    }
  }
  const program = new Program(new Module(importer()), { a: { b: memory } });
  print("subclass", program instanceof Program, program instanceof WebAssembly.Instance);
  print("subclass", program.memory === memory, program.constructor === Program);
  const odd = Reflect.construct(WebAssembly.Instance, [new Module(exporter)], Date);
  print("another target", odd instanceof WebAssembly.Instance, odd instanceof Date);
}

function memories() {
  const { m } = new WebAssembly.Instance(new Module(exporter)).exports;
  print(m instanceof WebAssembly.Memory, m.constructor === WebAssembly.Memory, String(m));
  const { grow } = WebAssembly.Memory.prototype;
  const { get } = Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, "buffer");
  print(Reflect.apply(grow, m, [1]), Reflect.apply(get, m, []) === m.buffer, m.buffer.byteLength);
  print({} instanceof WebAssembly.Memory, m.buffer instanceof WebAssembly.Memory);
  print(undefined instanceof WebAssembly.Memory);

  class Heap extends WebAssembly.Memory {
    grow(delta) {
      return super.grow(2 * delta);
    }
  }
  const heap = new Heap({ initial: 1 });
  print(heap instanceof Heap, heap instanceof WebAssembly.Memory, m instanceof Heap);
  print(heap.grow(1), heap.buffer.byteLength);
  const { exports } = new WebAssembly.Instance(new Module(importer()), { a: { b: heap } });
  print(exports.m === heap, Object.keys(heap), heap.constructor === Heap);
  print(inspect(m), inspect(heap), inspect(new Memory({ initial: 1 })));

  print(new WASI({ version: "preview1" }).initialize({ exports: { memory: heap } }));
}

async function threads() {
  const shared = new Memory({ initial: 1, maximum: 9, shared: true });
  const words = new Int32Array(shared.buffer);
  const { memory: clone } = structuredClone({ memory: shared });
  new Int32Array(clone.buffer)[1] = 11;
  print(clone instanceof WebAssembly.Memory, clone === shared, words[1]);
  const bytes = importer({ shared: true });
  print(new Instance(new Module(bytes), { a: { b: shared } }).exports.m === shared);
  for (const value of [new Memory({ initial: 1 }), { deep: [new Memory({ initial: 1 })] }]) {
    print(await outcome(() => structuredClone(value)));
  }

  const worker = new Worker(
    `const { parentPort, workerData: { memory, bytes } } = require("node:worker_threads");
    const words = new Int32Array(memory.buffer);
    parentPort.once("message", (posted) => {
      const imports = { a: { b: posted } };
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
      exports.m.grow(2);
      Atomics.wait(words, 0, 0);
      words[2] = posted instanceof WebAssembly.Memory ? 12 : 13;
    });`,
    { eval: true, workerData: { memory: shared, bytes } },
  );
  worker.postMessage(shared);
  Atomics.store(words, 0, 10);
  Atomics.notify(words, 0);
  await once(worker, "exit");
  print([...words.subarray(0, 3)], shared.buffer.byteLength);
}

/** The first example of MDN's page on the WebAssembly.Memory() constructor, as it is written there. */
async function firstExample() {
  const file = path.join(__dirname, "..", "..", "examples", "accumulate.wasm");
  const fetch = async () => respond(readFileSync(file));

  const memory = new WebAssembly.Memory({
    initial: 10,
    maximum: 100,
  });

  await WebAssembly.instantiateStreaming(fetch("memory.wasm"), {
    js: { mem: memory },
  }).then((obj) => {
    const summands = new DataView(memory.buffer);
    for (let i = 0; i < 10; i++) {
      summands.setUint32(i * 4, i, true); // WebAssembly is little endian
    }
    const sum = obj.instance.exports.accumulate(0, 10);
    console.log(sum);
  });
}

const PARTS = { properties, refusals, reads, instances, memories, threads, firstExample };

PARTS[process.argv[2]]();
