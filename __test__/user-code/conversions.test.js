"use strict";

// Converting an argument can run code of the program. Each member converts first and reads the memory
// afterwards: whatever that code does to the memory, the outcome is as if it had done so before the call.

const fs = require("node:fs");

const { Memory, features } = require("../..");
const { useFiles, openFilesWithin } = require("../support/files");

const PAGE = 65_536;

const { directory, newFile, removeFiles } = useFiles();
const memories = [];
afterEach(() => {
  for (const memory of memories.splice(0)) memory.close();
  expect(openFilesWithin(directory)).toEqual([]);
});
afterAll(removeFiles);

const bytesOf = (memory) => new Uint8Array(memory.buffer);

/** Creates a memory of this kind, whose two pages always have the same bytes. */
function make(kind) {
  const options = { initial: 2, maximum: 8 };
  let memory;
  if (kind === "file") {
    const content = Buffer.alloc(2 * PAGE, 3);
    memory = Memory.open(newFile(content), { mode: "r+", maximum: 8, shared: true });
  } else {
    memory = new Memory({ ...options, shared: kind === "shared" });
    bytesOf(memory).fill(3);
  }
  if (kind === "hosted") memory.toWebAssembly();
  memories.push(memory);
  return memory;
}

const part = newFile(Buffer.alloc(PAGE, 5));

// What the program's code does during a conversion. Some kinds of memories reject some actions.
const actions = {
  nothing: () => {},
  close: (memory) => memory.close(),
  grow: (memory) => memory.grow(1),
  map: (memory) => memory.map(0, part),
  restore: (memory) => memory.restore(fixed.snapshot()),
  toWebAssembly: (memory) => memory.toWebAssembly(),
  toResizableBuffer: (memory) => memory.toResizableBuffer(),
  snapshot: (memory) => memory.snapshot(),
  discard: (memory) => memory.discard(0, PAGE),
};

const fixed = new Memory({ initial: 1 });
bytesOf(fixed).fill(9);

/** Runs an action, and ignores whether it throws. */
function perform(action, memory) {
  try {
    actions[action](memory);
  } catch {
    // This kind of memory rejects the action.
  }
}

const object = (value, action) => ({
  [Symbol.toPrimitive]() {
    action();
    return value;
  },
});

const getter = (name, value, action, others = {}) => ({
  ...others,
  get [name]() {
    action();
    return value;
  },
});

// Calls with an argument whose conversion runs code of the program, which is `hook`.
const calls = {
  "grow(delta)": (memory, hook) => memory.grow(object(1, hook)),
  "grow(delta) of too much": (memory, hook) => memory.grow(object(7, hook)),
  "discard(offset)": (memory, hook) => memory.discard(object(0, hook), PAGE),
  "discard(, length)": (memory, hook) => memory.discard(0, object(PAGE, hook)),
  "discard(offset) beyond": (memory, hook) => memory.discard(object(2 * PAGE, hook), PAGE),
  "map(,, { fileOffset })": (memory, hook) => memory.map(PAGE, part, getter("fileOffset", 0, hook)),
  "map(,, { length })": (memory, hook) => memory.map(PAGE, part, getter("length", PAGE, hook)),
  "map(,, { length }) beyond": (memory, hook) =>
    memory.map(2 * PAGE, part, getter("length", PAGE, hook)),
  "map(,, { length }) of a short file": (memory, hook) =>
    memory.map(PAGE, part, getter("length", 2 * PAGE, hook)),
  "wait(, expected)": (memory, hook) => memory.wait(0, object(7, hook)),
  "wait(,, timeout)": (memory, hook) => memory.wait(0, 7, object(0, hook)),
  "wait(, expected) beyond": (memory, hook) => memory.wait((2 * PAGE) / 4, object(7, hook)),
  "notify(, count)": (memory, hook) => memory.notify(0, object(1, hook)),
  "notify(, count) beyond": (memory, hook) => memory.notify((2 * PAGE) / 4, object(1, hook)),
};

/** Returns everything that a program can see of a memory. */
function stateOf(memory) {
  try {
    const { buffer } = memory;
    const bytes = bytesOf(memory);
    const runs = [];
    for (let at = 0; at < bytes.length; at += 4096) runs.push(bytes[at]);
    return {
      pages: buffer.byteLength / PAGE,
      resizable: buffer.resizable ?? buffer.growable ?? false,
      runs: runs.join(""),
      type: memory.type(),
    };
  } catch ({ name, message }) {
    return { name, message };
  }
}

/** Returns the result or the error of a call, and the memory's state afterwards. */
async function outcomeOf(memory, call, hook) {
  let outcome;
  try {
    outcome = { result: await call(memory, hook) };
  } catch ({ name, message }) {
    outcome = { error: `${name}: ${message}` };
  }
  return { ...outcome, state: stateOf(memory) };
}

const kinds = ["reserved", "hosted", "shared"];
if (features.mappedFiles) kinds.push("file");

describe.each(kinds)("a memory of kind %s:", (kind) => {
  describe.each(Object.keys(calls))("%s", (name) => {
    test.each(Object.keys(actions))(
      "%s during the conversion has the same outcome as before the call",
      async (action) => {
        const call = calls[name];
        const before = make(kind);
        perform(action, before);
        const middle = stateOf(before);
        const expected = await outcomeOf(before, call, () => {});
        if (expected.error !== undefined) expect(expected.state).toEqual(middle);

        const memory = make(kind);
        let runs = 0;
        const outcome = await outcomeOf(memory, call, () => {
          if (runs++ === 0) perform(action, memory);
          // Reads the pages as above, since pages that are read become resident.
          stateOf(memory);
        });
        expect(runs).toBe(1);
        const withoutPath = (value) =>
          JSON.parse(JSON.stringify(value ?? null).replaceAll(/file-\d+/g, "file"));
        expect(withoutPath(outcome)).toEqual(withoutPath(expected));
      },
    );
  });
});

test.each(Object.keys(actions))(
  "Memory.from(snapshot, options) is unaffected by %s during the conversion",
  (action) => {
    const source = make("reserved");
    const snapshot = source.snapshot();
    for (const options of [
      (hook) => getter("maximum", 4, hook),
      (hook) => ({ maximum: object(4, hook) }),
      (hook) => getter("shared", true, hook, { maximum: 4 }),
    ]) {
      const memory = Memory.from(
        snapshot,
        options(() => perform(action, source)),
      );
      memories.push(memory);
      expect(memory.type()).toMatchObject({ minimum: 2, maximum: 4 });
      expect(bytesOf(memory).every((byte) => byte === 3)).toBe(true);
    }
  },
);

test("Memory.from(snapshot, options) returns a new memory, even if a getter creates others", () => {
  const snapshot = make("reserved").snapshot();
  const inner = [];
  const memory = Memory.from(snapshot, {
    get maximum() {
      inner.push(
        Memory.from(snapshot),
        new Memory({ initial: 1 }),
        Memory.from(fixed.toWebAssembly()),
      );
      return 5;
    },
  });
  memories.push(memory);
  expect(memory.type()).toMatchObject({ minimum: 2, maximum: 5 });
  expect(new Set([memory, ...inner]).size).toBe(4);
});

const members = { address: "i32", initial: 1, maximum: 4, shared: true };
const factories = {
  constructor: (descriptor) => new Memory(descriptor),
  "constructor's options": (descriptor, hook) => {
    return new Memory({ initial: 1, maximum: 4, shared: true }, getter("hugePages", false, hook));
  },
};

test.each(Object.keys(factories))(
  "%s: the new memory matches its descriptor, whatever a getter does",
  (name) => {
    for (const action of Object.keys(actions)) {
      for (const member of Object.keys(members)) {
        const other = make("reserved");
        const inner = [];
        const hook = () => {
          perform(action, other);
          inner.push(new Memory({ initial: 2 }));
        };
        const memory = factories[name](getter(member, members[member], hook, members), hook);
        memories.push(memory);
        expect(memory.type()).toEqual({ minimum: 1, maximum: 4, shared: true, address: "i32" });
        expect(inner.length).toBeGreaterThan(0);
        expect(inner).not.toContain(memory);
        for (const each of inner) expect(each.type()).toMatchObject({ minimum: 2, shared: false });
      }
    }
  },
);

if (features.mappedFiles) {
  test("Memory.open() runs getters and conversions before it opens the file", () => {
    const all = { mode: "r+", ...members };
    const seen = [];
    const open = (toOptions) => {
      const file = newFile();
      const hook = () => seen.push([fs.existsSync(file), openFilesWithin(directory).length]);
      const memory = Memory.open(file, toOptions(hook));
      expect(memory.type()).toEqual({ minimum: 1, maximum: 4, shared: true, address: "i32" });
      memory.close();
    };
    for (const [name, value] of Object.entries(all)) {
      open((hook) => getter(name, value, hook, all));
    }
    for (const name of ["address", "initial", "maximum"]) {
      open((hook) => ({ ...all, [name]: object(all[name], hook) }));
    }
    // Each once.
    expect(seen).toEqual(Array(8).fill([false, 0]));
  });

  test("Memory.open() opens the file that a getter has opened, truncated or removed", () => {
    const file = newFile(Buffer.alloc(3 * PAGE, 1));
    const openAfter = (action) => Memory.open(file, getter("maximum", 8, action, { mode: "r+" }));
    const inner = [];
    const one = openAfter(() => inner.push(Memory.open(file, { mode: "r+" })));
    expect(one).not.toBe(inner[0]);
    bytesOf(one)[1] = 7;
    expect(bytesOf(inner[0])[1]).toBe(7);
    for (const each of [one, inner[0]]) each.close();
    const other = openAfter(() => fs.truncateSync(file, PAGE));
    expect(other.type().minimum).toBe(1);
    other.close();
    expect(() => openAfter(() => fs.unlinkSync(file))).toThrow(/ENOENT/);
    expect(fs.existsSync(file)).toBe(false);
  });

  test("map() reports the truncation of a file that a getter has mapped", () => {
    const [inner, outer] = [1, 2].map((byte) => newFile(Buffer.alloc(PAGE, byte)));
    const memory = make("reserved");
    memory.map(
      PAGE,
      outer,
      getter("length", PAGE, () => memory.map(0, inner)),
    );
    expect([bytesOf(memory)[0], bytesOf(memory)[PAGE]]).toEqual([1, 2]);
    const { buffer } = memory;
    fs.truncateSync(inner, 0);
    expect(new Uint8Array(buffer)[9]).toBe(0);
    expect(() => memory.buffer).toThrow(inner);
  });
}

test("flush() and flushSync() reject objects without converting them", async () => {
  const memory = make("shared");
  const refuse = () => {
    throw new Error("was run");
  };
  for (const args of [[object(0, refuse)], [0, object(0, refuse)]]) {
    await expect(memory.flush(...args)).rejects.toThrow(/expected a number, got an object/);
    expect(() => memory.flushSync(...args)).toThrow(/expected a number, got an object/);
  }
});

test.each([
  ["grow(delta)", (memory, value) => memory.grow(value)],
  ["discard(offset)", (memory, value) => memory.discard(value, 0)],
  ["discard(, length)", (memory, value) => memory.discard(0, value)],
])("%s throws if converting an argument closes the memory", (_, call) => {
  const memory = new Memory({ initial: 1 });
  const value = { valueOf: () => (memory.close(), 0) };
  expect(() => call(memory, value)).toThrow(/the memory is closed$/);
});
