"use strict";

// As faults.js: does one thing with a file and a memory with every set of calls failing that it
// reaches, and prints what came of each. What was refused is then asked for again.

const fs = require("node:fs");

const { Memory } = require("../..");
const native = require("../../native");
const { descriptorsOf } = require("../support/files");
const { collect } = require("../support/kernel");

const PAGE = 65_536;
const [name, file] = process.argv.slice(2);

// Its end is neither at a page of the memory's nor of the system's.
const content = Buffer.alloc(PAGE + 5000);
for (let index = 0; index < content.length; index++) content[index] = 1 + (index % 251);

const bytesOf = (memory) => new Uint8Array(memory.buffer);
const write = () => fs.writeFileSync(file, content);
const open = (options) => Memory.open(file, { maximum: 400, ...options });
const startsWith = (memory, bytes) => bytes.equals(Buffer.from(memory.buffer, 0, bytes.length));

/** That the memory is the file. */
function isFile(memory, check) {
  const bytes = bytesOf(memory);
  for (const at of [1, 5000, PAGE + 4000, bytes.length - 1]) {
    bytes[at] ^= 0x55;
    check(fs.readFileSync(file)[at] === bytes[at], `the store at ${at} is not in the file`);
    bytes[at] ^= 0x55;
  }
}

const scenarios = {
  "open to read": {
    act: () => open({}),
    check(memory, check) {
      bytesOf(memory)[5] ^= 1;
      check(fs.readFileSync(file).equals(content), "the file has changed");
      bytesOf(memory)[5] ^= 1;
    },
  },
  "open to write": { act: () => open({ mode: "r+" }), check: () => {} },
  "open shared": { act: () => open({ mode: "r+", shared: true }), check: () => {} },
  "open longer": { act: () => open({ mode: "r+", initial: 3 }), check: isFile },
  "grow in place": { make: () => open({ mode: "r+" }), act: grow, check: isFile },
  "grow shared": { make: () => open({ mode: "r+", shared: true }), act: grow, check: isFile },
  follow: {
    make() {
      const memory = open({ mode: "r+" });
      fs.truncateSync(file, 4 * PAGE);
      return memory;
    },
    act(memory) {
      memory.grow(0);
      return memory;
    },
    check: isFile,
  },
  "take in": {
    make() {
      const memory = open({ mode: "r+" });
      memory.toWebAssembly().grow(1);
      bytesOf(memory)[3 * PAGE - 2] = 77;
      return memory;
    },
    act(memory) {
      memory.flushSync();
      return memory;
    },
    check(memory, check) {
      check(fs.readFileSync(file)[3 * PAGE - 2] === 77, "not taken in");
      isFile(memory, check);
    },
  },
  move: {
    make: () => open({ mode: "r+", initial: 3 }),
    act(memory) {
      memory.toWebAssembly();
      return memory;
    },
    check: isFile,
  },
  flush: {
    make: () => open({ mode: "r+" }),
    act(memory) {
      memory.flushSync();
      return memory;
    },
    check: () => {},
  },
  "keep in step": {
    make: () => open({ mode: "r+" }),
    store,
    act(memory) {
      memory.type();
      return memory;
    },
    check: (memory, check) => hasStored(check),
    isChanged: true,
  },
  close: {
    make: () => open({ mode: "r+" }),
    store,
    act(memory) {
      memory.close();
      return memory;
    },
    check(memory, check) {
      hasStored(check);
      check(descriptorsOf(file).length === 0, "a descriptor is open");
    },
    isChanged: true,
  },
  discard: {
    make() {
      const memory = open({ initial: 4 });
      bytesOf(memory).fill(9);
      return memory;
    },
    act(memory) {
      memory.discard(PAGE, 2 * PAGE);
      return memory;
    },
    check(memory, check) {
      const bytes = Buffer.from(memory.buffer);
      const end = content.length;
      check(
        bytes.subarray(0, PAGE).every((byte) => byte === 9),
        "before it",
      );
      check(bytes.subarray(PAGE, end).equals(content.subarray(PAGE)), "the file's bytes");
      check(
        bytes.subarray(end, 3 * PAGE).every((byte) => byte === 0),
        "beyond the file",
      );
      check(
        bytes.subarray(3 * PAGE).every((byte) => byte === 9),
        "behind it",
      );
    },
    isChanged: true,
  },
  map: {
    make() {
      const memory = new Memory({ initial: 2 });
      bytesOf(memory).set(content);
      return memory;
    },
    act(memory) {
      memory.map(100, file, { fileOffset: 100, length: PAGE });
      return memory;
    },
    check: () => {},
  },
};

/** Stores a byte before the end of the file that the file does not have yet, and one beyond. */
function store(bytes) {
  bytes[content.length - 1] = 99;
  bytes[content.length] = 77;
}

/** That the file has it by now. */
function hasStored(check) {
  const { [content.length - 1]: byte, length } = fs.readFileSync(file);
  check(byte === 99, "the last byte is not in the file");
  check(length === content.length, "the file's length");
}

function grow(memory) {
  memory.grow(2);
  return memory;
}

function attempt(scenario, calls) {
  const { make, act, check: checkDone, isChanged } = scenario;
  const wrong = [];
  const check = (holds, what) => holds || wrong.push(what);
  write();
  const memory = make?.();
  const view = memory && bytesOf(memory);
  const pages = view?.byteLength;
  const { size: length } = fs.statSync(file);
  const descriptors = descriptorsOf(file).length;
  scenario.store?.(view);
  const held = view && Buffer.from(view);

  native.failAt(calls);
  let result, error;
  try {
    result = act(memory);
  } catch (thrown) {
    error = thrown;
  }
  const reached = native.callsReached();
  native.failAt([]);

  if (error !== undefined) {
    check(descriptorsOf(file).length === descriptors, "descriptors");
    check(fs.readFileSync(file).subarray(0, content.length).equals(content), "the file's content");
    if (memory !== undefined) check(startsWith(memory, held), "the memory's content");
  }
  const after = {
    size: fs.statSync(file).size,
    grown: error !== undefined && memory !== undefined && memory.buffer.byteLength !== pages,
  };
  const done = result ?? act(memory);
  if (isChanged !== true) check(startsWith(done, content), "content afterwards");
  checkDone(done, check);
  done.close();
  return {
    calls,
    reached,
    error: error && { name: error.name, message: error.message, code: error.code },
    isSameLength: after.size === length,
    isGrown: after.grown,
    wrong,
  };
}

async function main() {
  const scenario = scenarios[name];
  attempt(scenario, []);
  const runs = [];
  const plans = [[]];
  while (plans.length > 0) {
    const calls = plans.pop();
    const run = attempt(scenario, calls);
    runs.push(run);
    if (calls.length === 2) continue;
    for (let call = (calls.at(-1) ?? 0) + 1; call <= run.reached.length; call++) {
      plans.push([...calls, call]);
    }
  }
  await collect(() => descriptorsOf(file).length === 0);
  console.log(JSON.stringify({ runs, left: descriptorsOf(file).length }));
}

main();
