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
    length: 4 * PAGE,
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
    length: 3 * PAGE,
  },
  flush: {
    make: () => open({ mode: "r+" }),
    act(memory) {
      memory.flushSync();
      return memory;
    },
    check: () => {},
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

function grow(memory) {
  memory.grow(2);
  return memory;
}

function attempt({ make, act, check: checkDone, length = content.length }, calls) {
  const wrong = [];
  const check = (holds, what) => holds || wrong.push(what);
  write();
  const memory = make?.();
  const pages = memory?.buffer.byteLength;
  const descriptors = descriptorsOf(file).length;

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
    if (memory !== undefined) check(startsWith(memory, content), "the memory's content");
  }
  const after = {
    size: fs.statSync(file).size,
    grown: memory !== undefined && memory.buffer.byteLength !== pages,
  };
  const done = result ?? act(memory);
  check(startsWith(done, content), "content afterwards");
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
