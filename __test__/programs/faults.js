"use strict";

// Does one thing with no call of the system's failing, and then with every set of those that it
// reaches; prints what came of each. With the addon that can make calls fail, and in a process of its
// own, where nothing else maps.

const { Memory, features } = require("../..");
const { SharedReservedStore } = require("../../lib/shared-reserved-store");
const native = require("../../native");
const { withFailures, withEveryFailure } = require("../support/failures");
const { largeMappings, protectionAt, collect } = require("../support/kernel");

const PAGE = 65_536;

// The engine maps less than 8 MiB at a time for its own heap.
const DELTA = 128;
const INITIAL = 2 * DELTA;
const MAXIMUM = 4 * DELTA;

const descriptor = { initial: INITIAL, maximum: MAXIMUM };

/** What `act` does to what `make` made, if anything, and the pages that it has then. */
const scenarios = {
  construct: { act: () => new Memory(descriptor), pages: INITIAL },
  "grow in place": { make: () => new Memory(descriptor), act: grow, pages: INITIAL + DELTA },
  "grow from nothing": {
    make: () => new Memory({ ...descriptor, initial: 0 }),
    act: grow,
    pages: DELTA,
  },
  "grow elsewhere": {
    // The larger reservation is refused: nothing is left to grow into.
    make: () => withFailures([1], () => new Memory(descriptor)).result,
    act: grow,
    pages: INITIAL + DELTA,
  },
  "grow shared": {
    make: () => SharedReservedStore.create({ address: "i64", shared: true, ...descriptor }),
    act: grow,
    pages: INITIAL + DELTA,
  },
  move: { make: () => new Memory(descriptor), act: move, pages: INITIAL },
  "make resizable": {
    make: () => new Memory(descriptor),
    act(memory) {
      memory.toResizableBuffer();
      return memory;
    },
    pages: INITIAL,
  },
  // Both with pages of ours, and then some of the engine's.
  "make fixed": {
    make: makeResizable,
    act(memory) {
      memory.toFixedLengthBuffer();
      return memory;
    },
    pages: INITIAL + DELTA,
  },
  "move resizable": { make: makeResizable, act: move, pages: INITIAL + DELTA },
};

function makeResizable() {
  const memory = new Memory(descriptor);
  memory.toResizableBuffer().resize((INITIAL + DELTA) * PAGE);
  return memory;
}

function move(memory) {
  memory.toWebAssembly();
  return memory;
}

function grow(memory) {
  memory.grow(DELTA);
  return memory;
}

/** One run of a scenario: what it reached, what it threw if anything, and all that is wrong. */
async function attempt({ make, act, pages }, calls) {
  const wrong = [];
  const check = (holds, what) => holds || wrong.push(what);

  const memory = make?.();
  if (memory !== undefined) fill(memory);
  const before = memory && stateOf(memory);
  const room = await usedRoom();

  const { result, error, reached } = withFailures(calls, () => act(memory));
  if (error !== undefined) {
    // What cannot be made inaccessible again stays a mapping of its own.
    const isSplit = calls.at(-1) === reached.length && reached.at(-1) === "mprotect";
    await checkRoom(room, check, isSplit ? 1 : 0);
    const after = memory && stateOf(memory);
    for (const key in before) check(after[key] === before[key], key);
    if (memory !== undefined) check(isFilled(memory, before.bytes), "content");
  }

  const done = result ?? act(memory);
  check(done.buffer.byteLength === pages * PAGE, "pages afterwards");
  check(isFilled(done, before?.bytes ?? 0), "content afterwards");
  done.grow(1);
  fill(done);
  check(isFilled(done, (pages + 1) * PAGE), "a page more");

  return { calls, reached, error: error && `${error.name}: ${error.message}`, wrong };
}

/** What a failure must not change. */
function stateOf({ buffer }) {
  const base = native.address(new Uint8Array(buffer));
  return {
    buffer,
    bytes: buffer.byteLength,
    base,
    first: protectionAt(base),
    last: protectionAt(base + buffer.byteLength - 1),
    beyond: protectionAt(base + buffer.byteLength),
  };
}

const content = Buffer.alloc(PAGE);

/** The bytes of a page, different from its neighbours'. */
function contentOf(page) {
  return content.fill(1 + (page % 255));
}

function fill({ buffer }) {
  for (let page = 0; page * PAGE < buffer.byteLength; page++) {
    new Uint8Array(buffer, page * PAGE, PAGE).set(contentOf(page));
  }
}

/** Whether the first `full` bytes are as `fill` wrote them, and the others zero. */
function isFilled({ buffer }, full) {
  for (let page = 0; page * PAGE < buffer.byteLength; page++) {
    const expected = page * PAGE < full ? contentOf(page) : content.fill(0);
    if (!expected.equals(new Uint8Array(buffer, page * PAGE, PAGE))) return false;
  }
  return true;
}

const large = () => largeMappings(DELTA * PAGE);

/** What is mapped when the collector has no more to release. */
async function usedRoom() {
  let [before, rounds] = ["", 0];
  const isSettled = () => {
    const now = JSON.stringify(large());
    rounds = now === before ? rounds + 1 : 0;
    before = now;
    return rounds === 4;
  };
  await collect(isSettled);
  return large();
}

/** That nothing as large as our ranges is mapped that was not, and nothing split. */
async function checkRoom(before, check, split = 0) {
  const isBack = () => {
    const { count, bytes } = large();
    return (
      count >= before.count &&
      count <= before.count + split &&
      Math.abs(bytes - before.bytes) < DELTA * PAGE
    );
  };
  await collect(isBack);
  check(isBack(), `mapped: ${JSON.stringify({ before, after: large() })}`);
}

async function main() {
  const scenario = scenarios[process.argv[2]];
  // Twice: the engine keeps something of the first until the next.
  await attempt(scenario, []);
  await attempt(scenario, []);
  const before = await usedRoom();

  const runs = await withEveryFailure((calls) => attempt(scenario, calls));
  const wrong = [];
  await checkRoom(before, (holds, what) => holds || wrong.push(what));
  console.log(JSON.stringify({ handoff: features.handoff, runs, wrong }));
}

main();
