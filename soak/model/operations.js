"use strict";

// The operations of the model. Each takes its random choices from a seed of its own, so that others can be
// left out of a sequence. The expected bytes change after the call: with `mayFail`, system calls are made to
// fail, and a call that throws must have changed nothing.

const assert = require("node:assert");
const fs = require("node:fs");

const {
  PAGE,
  MAX_PAGES,
  UNHOSTABLE,
  Body,
  viewOf,
  rangeIn,
  assertThrows,
  resize,
  transfer,
} = require("./world");

const MAX_HANDLES = 7;
const MAX_SNAPSHOTS = 6;

const operations = {
  make: { weight: 3, mayFail: true, run: make },
  openFile: { weight: 2, mayFail: true, run: openFile },
  adoptByAnotherCopy: { weight: 2, mayFail: true, run: adopt },
  write: { weight: 8, run: onHandle(write) },
  writeByModule: { weight: 3, run: onHandle(writeByModule) },
  growByModule: { weight: 1, mayFail: true, run: onHandle(growByModule) },
  grow: { weight: 4, mayFail: true, run: onHandle(grow) },
  discard: { weight: 5, mayFail: true, run: onHandle(discard) },
  snapshot: { weight: 4, mayFail: true, run: onHandle(snapshot) },
  restore: { weight: 8, mayFail: true, run: onHandle(restore) },
  fromSnapshot: { weight: 2, mayFail: true, run: fromSnapshot },
  saveAndOpen: { weight: 1, run: saveAndOpen },
  map: { weight: 3, mayFail: true, run: onHandle(map) },
  toWebAssembly: { weight: 2, mayFail: true, run: onHandle(toWebAssembly) },
  toResizableBuffer: { weight: 3, mayFail: true, run: onHandle(toResizableBuffer) },
  toFixedLengthBuffer: { weight: 1, mayFail: true, run: onHandle(toFixedLengthBuffer) },
  resizeByPrototype: { weight: 5, run: onHandle(resizeByPrototype) },
  transferByPrototype: { weight: 1, run: onHandle(transferByPrototype) },
  flush: { weight: 2, mayFail: true, run: onHandle(flush) },
  usage: { weight: 1, mayFail: true, run: onHandle(usage) },
  close: { weight: 1, mayFail: true, run: onHandle(close) },
  drop: { weight: 1, run: onHandle(drop) },
  truncateFile: { weight: 1, run: truncateFile },
  exhaustMappings: { weight: 0.02, run: exhaustMappings },
  collectGarbage: { weight: 0.3, run: collectGarbage },
  nextTurn: { weight: 0.5, run: nextTurn },
};

function onHandle(action) {
  return (world, random) => {
    if (world.handles.length > 0) return action(world, random, random.pick(world.handles));
  };
}

function isFull(world) {
  return world.handles.length >= MAX_HANDLES;
}

/**
 * Returns few pages, or so many that snapshots have holes, or have more pages than restore() writes again.
 */
function someSize(random, most = MAX_PAGES) {
  return Math.min(most, random.isOneIn(4) ? random.between(0, MAX_PAGES) : random.between(0, 4));
}

const kinds = [
  ["reserved", (copy, type) => ({ memory: new copy.Memory(type) })],
  [
    "reserved, of huge pages",
    (copy, type) => ({ memory: new copy.Memory(type, { hugePages: true }) }),
    ({ hugePages }) => hugePages,
  ],
  [
    "adopted",
    (copy, type) => {
      const engine = new WebAssembly.Memory(type);
      return { memory: copy.Memory.from(engine), engine };
    },
  ],
  [
    "shared",
    (copy, type) => {
      const memory = new copy.Memory({ ...type, shared: true });
      return { memory, engine: memory.toWebAssembly(), shared: true };
    },
  ],
  [
    "64-bit",
    (copy, { initial, maximum }) => ({
      memory: new copy.Memory({
        address: "i64",
        initial: BigInt(initial),
        maximum: BigInt(maximum),
      }),
      address: "i64",
    }),
  ],
  [
    "reserved and shared",
    (copy, { initial }) => ({
      memory: new copy.Memory({
        address: "i64",
        initial: BigInt(initial),
        maximum: BigInt(UNHOSTABLE),
        shared: true,
      }),
      address: "i64",
      shared: true,
      maximum: MAX_PAGES,
      cannotMove: true,
      isEndless: true,
    }),
    ({ externalSharedBuffers }) => externalSharedBuffers,
  ],
];

function make(world, random) {
  if (isFull(world)) return;
  const copy = random.pick(world.copies);
  const supported = kinds.filter(([, , isSupported]) => isSupported?.(world.features) ?? true);
  const [kind, create] = random.pick(supported);
  const initial = someSize(random);
  const type = { initial, maximum: MAX_PAGES };
  const { memory, ...rest } = create(copy, type);
  world.add(copy, memory, new Body({ kind, size: initial, maximum: MAX_PAGES, ...rest }));
}

function someBytes(random, length) {
  const bytes = Buffer.alloc(length);
  // Leaves some pages of zeros.
  for (let count = random.between(1, 4); count > 0; count--) {
    const [start, end] = rangeIn(random, length);
    bytes.fill(random.between(0, 255), start, end);
  }
  return bytes;
}

function openFile(world, random) {
  if (isFull(world)) return;
  const copy = random.pick(world.copies);
  const length = random.between(0, random.isOneIn(4) ? MAX_PAGES * PAGE : 3 * PAGE);
  const bytes = someBytes(random, length);
  const file = world.newFile(bytes);
  const mode = random.pick(["r", "r+"]);
  const shared = mode === "r+" && random.isOneIn(3);
  const pages = Math.ceil(length / PAGE);
  const initial = random.isOneIn(2) ? undefined : random.between(0, pages + 2);
  const size = Math.min(MAX_PAGES, Math.max(pages, initial ?? 0));
  const source = random.isOneIn(3) ? fs.openSync(file, mode) : file;
  const options = { mode, shared, maximum: MAX_PAGES };
  if (initial !== undefined) options.initial = Math.min(initial, MAX_PAGES);
  let memory;
  try {
    memory = copy.Memory.open(source, options);
  } catch (error) {
    const left = fs.readFileSync(file);
    const isLonger = error.message.includes("the file is longer");
    const expected = isLonger ? left.subarray(0, bytes.length) : left;
    assert.strictEqual(Buffer.compare(expected, bytes), 0, "a failed open");
    throw error;
  } finally {
    if (typeof source === "number") fs.closeSync(source);
  }
  const engine = shared ? memory.toWebAssembly() : undefined;
  const body = new Body({
    kind: `file, mode ${mode}${shared ? ", shared" : ""}`,
    size,
    maximum: MAX_PAGES,
    shared,
    engine,
    file: {
      path: file,
      mode,
      bytes,
      length: mode === "r+" && size > pages ? size * PAGE : length,
      mayBeRounded: shared,
    },
  });
  bytes.copy(body.bytes);
  world.add(copy, memory, body);
}

/** Makes another copy of the package use the same engine memory. */
function adopt(world, random) {
  const { handles } = world;
  const candidates = handles.filter(({ body }) => body.engine && !body.file && !isResizable(body));
  if (candidates.length === 0 || isFull(world)) return;
  const { copy, body } = random.pick(candidates);
  const others = world.copies.filter(
    (other) => other !== copy && !handles.some((each) => each.body === body && each.copy === other),
  );
  if (others.length === 0) return;
  const other = random.pick(others);
  world.add(other, other.Memory.from(body.engine), body);
}

function isResizable(body) {
  return body.isResizable === true;
}

function write(_world, random, handle) {
  const { bytes } = handle.body;
  const [start, end] = rangeIn(random, bytes.length);
  const value = random.isOneIn(5) ? 0 : random.between(1, 255);
  viewOf(handle).fill(value, start, end);
  bytes.fill(value, start, end);
}

function exportsOf(world, { engine, shared, address }) {
  if (engine === undefined || address !== "i32") return undefined;
  const module = shared ? world.modules.shared : world.modules.unshared;
  return new WebAssembly.Instance(module, { m: { m: engine } }).exports;
}

function writeByModule(world, random, { body }) {
  const exports = exportsOf(world, body);
  if (exports === undefined) return;
  const [start, end] = rangeIn(random, body.bytes.length);
  const value = random.between(0, 255);
  exports.fill(start, value, end - start);
  body.bytes.fill(value, start, end);
}

function growByModule(world, random, { body }) {
  const exports = exportsOf(world, body);
  if (exports === undefined) return;
  const delta = random.between(0, 2);
  const isPossible = body.size + delta <= body.maximum;
  assert.strictEqual(exports.grow(delta), isPossible ? body.size : -1);
  if (!isPossible) return;
  body.grow(delta);
  if (delta > 0 && body.file) body.file.hasNewPages = true;
}

function grow(_world, random, handle) {
  const { memory, body } = handle;
  const delta = random.isOneIn(6) ? random.between(0, MAX_PAGES) : random.between(0, 2);
  const value = body.address === "i64" ? BigInt(delta) : delta;
  const isTooMuch = body.size + delta > body.maximum;
  const isWritten = body.file?.mode === "r+";
  if (body.isEndless && isTooMuch) return;
  if (isTooMuch) {
    if (!body.cannotMove) assertThrows(() => memory.grow(value), "RangeError");
    return;
  }
  // A file that an earlier failure left longer first makes the memory grow.
  const before = Math.max(body.size, Math.ceil((isWritten ? body.file.length : 0) / PAGE));
  if (before + delta > body.maximum) return;
  try {
    assert.strictEqual(Number(memory.grow(value)), before);
  } catch (error) {
    acceptPartialChange(body, error);
    throw error;
  }
  if (isWritten) {
    takeInNewPages(body);
    body.file.shown = undefined;
  }
  body.grow(before - body.size + delta);
  if (isWritten && delta > 0) body.file.length = body.size * PAGE;
}

/** Applies the changes that a failed call reports to have made: engine pages added, and files left longer. */
function acceptPartialChange(body, { message }) {
  const [, added] = /The memory has grown by (\d+) pages/.exec(message) ?? [];
  if (added !== undefined) {
    body.file.shown ??= Math.min(body.file.length, body.bytes.length);
    body.grow(Number(added));
    body.file.hasNewPages = true;
    body.file.length = body.bytes.length;
  }
  if (message.includes("it stays longer")) {
    body.file.shown ??= Math.min(body.file.length, body.bytes.length);
    body.file.length = fs.statSync(body.file.path).size;
  }
}

function takeInNewPages({ file, size }) {
  if (!file.hasNewPages) return;
  file.hasNewPages = false;
  file.shown = undefined;
  file.length = Math.max(file.length, size * PAGE);
}

function discard(_world, random, handle) {
  const { memory, body } = handle;
  const { bytes, file } = body;
  const start = random.between(0, body.size) * PAGE;
  const end = random.between(start / PAGE, Math.min(body.size, start / PAGE + 6)) * PAGE;
  const attempt = () => memory.discard(start, end - start);
  if (file?.mode === "r+") {
    assertThrows(attempt, "TypeError");
    return;
  }
  attempt();
  bytes.fill(0, start, end);
  // Discarded pages read as the file's bytes again.
  if (file) bytes.set(file.bytes.subarray(start, end), start);
}

function snapshot(world, random, { copy, memory, body }) {
  const taken = { copy, snapshot: memory.snapshot(), bytes: Buffer.from(body.bytes) };
  assert.strictEqual(taken.snapshot.byteLength, taken.bytes.length);
  if (world.snapshots.length < MAX_SNAPSHOTS) world.snapshots.push(taken);
  else world.snapshots[random.between(0, MAX_SNAPSHOTS - 1)] = taken;
}

function restore(world, random, { copy, memory, body }) {
  const own = world.snapshots.filter((each) => each.copy === copy);
  if (own.length === 0) return;
  const saved = random.pick(own);
  const attempt = () => memory.restore(saved.snapshot);
  if (body.file?.mode === "r+") {
    assertThrows(attempt, "TypeError");
    return;
  }
  if (saved.bytes.length > body.bytes.length) {
    assertThrows(attempt, "RangeError");
    return;
  }
  const { buffer } = memory;
  attempt();
  assert.strictEqual(memory.buffer, buffer);
  body.bytes.fill(0);
  saved.bytes.copy(body.bytes);
}

function fromSnapshot(world, random) {
  if (world.snapshots.length === 0 || isFull(world)) return;
  const { copy, snapshot, bytes } = random.pick(world.snapshots);
  const shared = random.isOneIn(3);
  const memory = copy.Memory.from(snapshot, { shared });
  const { address, maximum } = memory.type();
  const body = new Body({
    kind: `from a snapshot${shared ? ", shared" : ""}`,
    size: bytes.length / PAGE,
    maximum: Math.min(Number(maximum ?? MAX_PAGES), MAX_PAGES),
    address,
    shared,
  });
  body.isEndless = maximum === undefined || Number(maximum) > MAX_PAGES;
  body.cannotMove = maximum === BigInt(UNHOSTABLE);
  bytes.copy(body.bytes);
  world.add(copy, memory, body);
}

function saveAndOpen(world, random) {
  if (world.snapshots.length === 0) return;
  const saved = random.pick(world.snapshots);
  const file = world.newFile();
  saved.snapshot.save(file);
  // Any copy of the package can open it.
  saved.copy = random.pick(world.copies);
  saved.snapshot = saved.copy.Snapshot.open(file);
  fs.rmSync(file);
}

function map(world, random, handle) {
  const { memory, body } = handle;
  const { bytes } = body;
  const length = random.between(0, 4 * PAGE);
  const content = someBytes(random, length);
  const [from, to] = rangeIn(random, length);
  const aligned = random.between(0, bytes.length) & ~4095;
  const at = random.isOneIn(3) ? random.between(0, bytes.length) : aligned + (from % 4096);
  const file = world.newFile(content);
  const attempt = () => memory.map(at, file, { fileOffset: from, length: to - from });
  if (body.file?.mode === "r+") {
    assertThrows(attempt, "TypeError");
    return;
  }
  if (at + to - from > bytes.length) {
    assertThrows(attempt, "RangeError");
    return;
  }
  attempt();
  content.copy(bytes, at, from, to);
  if (random.isOneIn(2)) fs.rmSync(file);
}

function toWebAssembly(world, _random, { memory, body }) {
  const isHostable = body.address === "i32" || (world.features.memory64 && !body.cannotMove);
  if (!isHostable) {
    assertThrows(() => memory.toWebAssembly(), "TypeError");
    return;
  }
  let engine;
  try {
    engine = memory.toWebAssembly();
  } catch (error) {
    acceptPartialChange(body, error);
    throw error;
  }
  body.isResizable = body.isResizable && !world.emulatesResizable;
  if (body.file) body.file.mayBeRounded = true;
  assert.strictEqual(memory.toWebAssembly(), engine);
  body.engine ??= engine;
}

function toResizableBuffer(world, _random, { memory, body }) {
  const attempt = () => memory.toResizableBuffer();
  const isHosted = body.engine !== undefined;
  const isPossible = world.emulatesResizable ? !isHosted && !body.shared : !body.cannotMove;
  if (body.isEndless) return;
  if (body.file || !isPossible) {
    assertThrows(attempt, "TypeError");
    return;
  }
  const isOfEngine = body.address === "i32" || world.features.memory64;
  if (!world.emulatesResizable && !isOfEngine) return;
  const buffer = attempt();
  assert.strictEqual(memory.buffer, buffer);
  body.isResizable = true;
  if (!world.emulatesResizable) body.engine ??= memory.toWebAssembly();
}

function toFixedLengthBuffer(_world, _random, { memory, body }) {
  const buffer = memory.toFixedLengthBuffer();
  assert.strictEqual(memory.buffer, buffer);
  body.isResizable = false;
}

/** Resizes the buffer up to three times before the memory next reads it. */
function resizeByPrototype(world, random, { memory, body }) {
  if (!isResizable(body) || body.shared || body.size === 0) return;
  const { buffer } = memory;
  if (!world.emulatesResizable) {
    const length = Math.max(0, body.bytes.length - random.between(1, 2 * PAGE));
    assert.throws(() => Reflect.apply(resize, buffer, [length]), RangeError);
    return;
  }
  const before = body.size;
  let length;
  for (let count = random.between(1, 3); count > 0; count--) {
    length = random.isOneIn(2)
      ? random.between(0, body.bytes.length)
      : random.between(0, body.maximum * PAGE);
    Reflect.apply(resize, buffer, [length]);
    body.bytes.fill(0, Math.min(length, body.bytes.length));
  }
  body.grow(Math.max(0, Math.ceil(length / PAGE) - before));
}

function transferByPrototype(world, _random, { memory, body }) {
  if (transfer === undefined || isResizable(body) || body.shared) return;
  if (world.features.detachKeys || body.engine) {
    assertThrows(() => Reflect.apply(transfer, memory.buffer, []), "TypeError");
    return;
  }
  // Without detach keys, this detaches the buffer. The memory keeps its pages, and its next buffer has them.
  const moved = Reflect.apply(transfer, memory.buffer, []);
  void memory.buffer; // Issues a buffer while the transferred one holds the pages.
  if (moved.byteLength > 0) new Uint8Array(moved)[0] = body.bytes[0];
}

function flush(_world, _random, { memory, body }) {
  if (body.file?.mode !== "r+") {
    assertThrows(() => memory.flushSync(), "TypeError");
    return;
  }
  try {
    memory.flushSync();
  } catch (error) {
    acceptPartialChange(body, error);
    throw error;
  }
  takeInNewPages(body);
}

function usage(_world, _random, { memory, body }) {
  const { committed, reserved, resident } = memory.usage();
  assert.ok(resident <= body.bytes.length, "resident");
  assert.ok(committed >= body.bytes.length, "committed");
  assert.ok(reserved >= body.bytes.length, "reserved");
}

function close(world, _random, handle) {
  const { memory, body } = handle;
  memory.close();
  assertThrows(() => memory.buffer, "TypeError");
  world.remove(handle);
  if (body.file?.mode !== "r+") return;
  const bytes = fs.readFileSync(body.file.path);
  const shown = Math.min(bytes.length, body.bytes.length, body.file.shown ?? Infinity);
  const isSame = Buffer.compare(bytes.subarray(0, shown), body.bytes.subarray(0, shown)) === 0;
  assert.ok(isSame, "the file of a closed memory");
}

function drop(world, _random, handle) {
  world.remove(handle);
}

/** Truncates a file while a memory maps it: lost pages read as zero, and calls on the memory throw. */
function truncateFile(world, random) {
  const { copies, features } = world;
  if (!features.mappedFiles) return;
  const copy = random.pick(copies);
  // The handler replaces 2 MiB of lost pages at a time.
  const pages = random.between(2, 3 * MAX_PAGES);
  const file = world.newFile(Buffer.alloc(pages * PAGE, 1));
  const memory = random.pick([
    () => copy.Memory.open(file, { mode: "r+", maximum: pages, shared: true }),
    () => copy.Memory.open(file, { mode: "r+" }),
    () => copy.Memory.open(file),
    () => {
      const memory = new copy.Memory({ initial: pages });
      memory.map(0, file);
      return memory;
    },
    () => {
      const memory = copy.Memory.from(new WebAssembly.Memory({ initial: pages }));
      memory.map(0, file);
      return memory;
    },
  ])();
  const view = new Uint8Array(memory.buffer);
  assert.strictEqual(view[view.length - 1], 1);
  const kept = random.isOneIn(2) ? 0 : random.between(0, pages - 1) * PAGE;
  fs.truncateSync(file, kept);
  const touched = random.isOneIn(2) ? kept : random.between(kept, view.length - 1);
  assert.strictEqual(view[touched], 0);
  assertThrows(() => memory.buffer, "RangeError");
  assertThrows(() => memory.snapshot(), "RangeError");
  if (kept > 0) assert.strictEqual(view[kept - 1], 1, "bytes that the file still has");
  if (world.truncated.length < 4) world.truncated.push({ view, memory, from: kept });
}

/** Uses the whole mapping budget, so that the table of overlays is reconciled. */
function exhaustMappings(world, random) {
  const { Memory } = random.pick(world.copies);
  const pages = 65_536;
  const memory = new Memory({ initial: pages, maximum: pages });
  const bytes = new DataView(memory.buffer);
  for (let page = 0; page < pages; page += 8) bytes.setUint8(page * PAGE, 7);
  memory.restore(memory.snapshot());
  let isRefused = false;
  for (let page = 0; page < pages && !isRefused; page += 2) {
    try {
      memory.discard(page * PAGE, PAGE);
    } catch (error) {
      assert.strictEqual(error.name, "RangeError");
      isRefused = true;
    }
  }
  assert.ok(isRefused, "the mapping budget has no limit");
  memory.discard(0, pages * PAGE);
  memory.close();
}

function collectGarbage() {
  globalThis.gc?.();
}

function nextTurn() {
  return new Promise((resolve) => void setImmediate(resolve));
}

module.exports = { operations };
