"use strict";

// Opens and maps files by objects whose conversions to text use the memory. A memory that waits for itself
// would never end.

const fs = require("node:fs");
const { pathToFileURL } = require("node:url");

const { Memory } = require("../..");

const PAGE = 65_536;
const [file] = process.argv.slice(2);

/** Returns a path as an object of that kind, whose every conversion calls `action`. */
const kinds = {
  buffer: (path, action) => hook(Buffer.from(path), action),
  array: (path, action) => hook(new Uint8Array(Buffer.from(path)), action),
  url: (path, action) => hook(pathToFileURL(path), action),
};

function hook(object, action) {
  const value = () => {
    action();
    return "/nowhere";
  };
  for (const name of ["toString", "toJSON", "valueOf", Symbol.toPrimitive]) {
    Object.defineProperty(object, name, { value, configurable: true });
  }
  for (const name of ["href", "pathname", "protocol", "constructor", Symbol.toStringTag]) {
    Object.defineProperty(object, name, { get: value, configurable: true });
  }
  return object;
}

const actions = {
  grow: (memory) => memory.grow(1),
  flush: (memory) => memory.flushSync(),
  close: (memory) => memory.close(),
  truncate: () => fs.truncateSync(file, 0),
};

/** Returns the errors of members that have the path in their messages, some of them under a lock. */
function errorsOf(path, getMemory) {
  const errors = [];
  const attempt = (action) => {
    try {
      action();
    } catch ({ name, message, code, path: named }) {
      errors.push({ name, message, code, path: named });
    }
  };
  fs.writeFileSync(file, Buffer.alloc(PAGE, 1));
  const memory = getMemory(Memory.open(path, { mode: "r+", initial: 1, maximum: 2, shared: true }));
  attempt(() => memory.map(0, path));
  attempt(() => memory.toResizableBuffer());
  fs.truncateSync(file, 5 * PAGE);
  attempt(() => memory.grow(0));
  fs.truncateSync(file, PAGE);
  attempt(() => memory.grow(8));
  fs.truncateSync(file, 0);
  new Uint8Array(memory.buffer)[5] = 1;
  attempt(() => memory.grow(1));
  attempt(() => memory.flushSync());
  const part = new Memory({ initial: 1 });
  fs.writeFileSync(file, Buffer.alloc(PAGE, 1));
  part.map(0, path);
  fs.truncateSync(file, 0);
  new Uint8Array(part.buffer)[5] = 1;
  attempt(() => part.grow(1));
  fs.writeFileSync(file, Buffer.alloc(3 * PAGE, 1));
  attempt(() => Memory.open(path, { maximum: 2 }));
  attempt(() => part.map(0, path, { length: 9 * PAGE }));
  const token = memory.share();
  memory.close();
  attempt(() => Memory.from(token));
  return errors;
}

const results = { string: errorsOf(file, (memory) => memory) };
const calls = [];
for (const [kind, make] of Object.entries(kinds)) {
  for (const [name, action] of Object.entries(actions)) {
    let memory;
    const path = make(file, () => {
      calls.push(`${kind} ${name}`);
      if (memory !== undefined) action(memory);
    });
    results[`${kind} ${name}`] = errorsOf(path, (made) => (memory = made));
  }
}
console.log(JSON.stringify({ results, calls }));
