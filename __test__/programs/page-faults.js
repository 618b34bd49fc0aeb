"use strict";

// Does one thing to pages with no call of the system's failing, and then with every set of those that
// it reaches; prints what came of each. With the addon that can make calls fail, and in a process of
// its own, where nothing else maps or opens.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const { Memory, Snapshot, features } = require("../..");
const { withFailures, withEveryFailure } = require("../support/failures");
const { descriptors, images, mappings, collect, turn } = require("../support/kernel");
const { bytesOf, fill, pagesOf: allPagesOf } = require("../support/stores");

const PAGE = 65_536;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));
const file = path.join(folder, "snapshot");

/** A memory that has FROZEN, and a snapshot of it. */
function plain(options) {
  const memory = new Memory({ initial: 6, maximum: 50, ...options });
  fill(memory, 7, 0, 2);
  fill(memory, 7, 4, 5);
  return { memory, snapshot: memory.snapshot(), frozen: FROZEN };
}

/** The same, and a page behind more than a mebibyte of zeros. */
function holed() {
  const { memory } = plain({ initial: 40 });
  fill(memory, 7, 30, 31);
  return { memory, snapshot: memory.snapshot(), frozen: HOLED };
}

/** What is on the pages of a memory, but for zeros at its end. */
function pagesOf(memory) {
  const pages = allPagesOf(memory);
  return pages.slice(0, 1 + pages.findLastIndex((byte) => byte !== 0));
}

/** The same, with the snapshot under it, and written to since. */
function covered(options) {
  return cover(plain(options));
}

function cover(made) {
  made.memory.restore(made.snapshot);
  fill(made.memory, 9, 1, 3);
  return made;
}

const COVERED = [7, 9, 9, 0, 7];
const FROZEN = [7, 7, 0, 0, 7];
const HOLED = Array.from({ length: 31 }, (_, page) => (page === 30 ? 7 : (FROZEN[page] ?? 0)));

const moved = () => {
  const made = covered();
  made.memory.toWebAssembly();
  return made;
};

const restored = {
  act: ({ memory, snapshot }) => memory.restore(snapshot),
  pages: FROZEN,
};

const frozen = {
  act: ({ memory }) => memory.snapshot(),
  check: (snapshot) => pagesOf(Memory.from(snapshot)),
  pages: COVERED,
};

/** What `act` does to what `make` made; what pages there are then, those that `check` finds if given. */
const scenarios = {
  discard: {
    make: plain,
    act: ({ memory }) => memory.discard(PAGE, 3 * PAGE),
    pages: [7, 0, 0, 0, 7],
  },
  "discard over a snapshot": {
    make: covered,
    act: ({ memory }) => memory.discard(PAGE, 3 * PAGE),
    pages: [7, 0, 0, 0, 7],
  },
  // Its pages are read where the kernel does not say which have bytes: more calls, all of them survived.
  "snapshot over a snapshot": { make: covered, ...frozen, most: 3 },
  "snapshot of a shared memory": { make: () => covered({ shared: true }), ...frozen },
  restore: { make: plain, ...restored },
  // Of more than a mebibyte: no page of it is the snapshot's.
  "restore with a hole": { ...restored, make: holed, pages: HOLED },
  "restore with a hole again": { ...restored, make: () => cover(holed()), pages: HOLED },
  "restore over a longer snapshot": {
    ...restored,
    make: () => ({ ...plain(), memory: cover(holed()).memory }),
  },
  "restore again": { make: covered, ...restored },
  "restore in the engine": { make: moved, ...restored },
  from: {
    make: plain,
    // A smaller reservation has fewer halves to try.
    act: ({ snapshot }) => Memory.from(snapshot, { maximum: 8 }),
    check: (memory) => pagesOf(memory),
    pages: FROZEN,
  },
  "from, shared": {
    make: plain,
    act: ({ snapshot }) => Memory.from(snapshot, { shared: true }),
    check: (memory) => pagesOf(memory),
    pages: FROZEN,
  },
  move: { make: covered, act: ({ memory }) => memory.toWebAssembly(), pages: COVERED },
  usage: { make: covered, act: ({ memory }) => memory.usage(), pages: COVERED },
  "usage in the engine": { make: moved, act: ({ memory }) => memory.usage(), pages: COVERED },
  close: { make: covered, act: ({ memory }) => memory.close(), check: () => [], pages: [] },
  save: {
    make: covered,
    act: ({ snapshot }) => snapshot.save(file),
    check: () => pagesOf(Memory.from(Snapshot.open(file))),
    pages: FROZEN,
  },
  open: {
    make() {
      const made = covered();
      made.snapshot.save(file);
      return made;
    },
    act: () => Snapshot.open(file),
    check: (snapshot) => pagesOf(Memory.from(snapshot)),
    pages: FROZEN,
  },
};

/** One run of a scenario: what it reached, what it threw if anything, and all that is wrong. */
function attempt({ make, act, check, pages }, calls) {
  const wrong = [];
  const expect = (actual, expected, what) => {
    const [found, wanted] = [actual, expected].map((value) => JSON.stringify(value));
    if (found !== wanted) wrong.push(`${what}: ${found}, not ${wanted}`);
  };

  const made = make();
  const { buffer } = made.memory;
  const before = pagesOf(made.memory);
  const open = [images().length, descriptors()];

  const { error, reached, ...outcome } = withFailures(calls, () => act(made));
  let { result } = outcome;
  expect(fs.readdirSync(folder).length <= 1, true, "files");
  if (error !== undefined) {
    // A collection may have come in between.
    const isMore = images().length > open[0] || descriptors() !== open[1];
    expect(isMore, false, `other descriptors than ${open}`);
    expect(made.memory.buffer === buffer, true, "the same buffer");
    expect(pagesOf(made.memory), before, "pages");
    result = act(made);
  }
  expect(check ? check(result) : pagesOf(made.memory), pages, "pages afterwards");
  if (act !== scenarios.close.act) expectGoingOn(made, expect);
  return { calls, reached, error: error && `${error.name}: ${error.message}`, wrong };
}

/** The memory is as good as any. */
function expectGoingOn({ memory, snapshot, frozen }, expect) {
  memory.restore(snapshot);
  expect(pagesOf(memory), frozen, "restored");
  memory.grow(1);
  bytesOf(memory).fill(5);
  memory.restore(snapshot);
  expect(pagesOf(memory), frozen, "grown and restored");
  memory.discard(0, memory.buffer.byteLength);
  expect(pagesOf(memory), [], "discarded");
}

async function main() {
  const scenario = scenarios[process.argv[2]];
  attempt(scenario, []);
  await collect();
  const before = mappings();

  const runs = await withEveryFailure(async (calls) => {
    await turn(); // No range of the run before is used again: each run reaches the same calls.
    return attempt(scenario, calls);
  }, scenario.most);

  const wrong = [];
  await collect(() => images().length === 0 && mappings() - before < 50);
  if (images().length > 0) wrong.push(`${images().length} images`);
  // The engine has more of its own, by now.
  if (mappings() - before >= 50) wrong.push(`${mappings()} mappings, ${before} before`);
  fs.rmSync(folder, { recursive: true });
  console.log(JSON.stringify({ handoff: features.handoff, runs, wrong }));
}

main();
