"use strict";

// Threads that take snapshots of one shared memory, put them back, discard and write, all at once;
// prints what none of them may ever see.

const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");

const { Memory } = require("../..");

const PAGE = 65_536;
const PAGES = 64;
const ROUNDS = 400;

/** Each page has one byte, all over; or, while it changes, two of those. */
function work(memory, seed) {
  const wrong = new Set();
  const errors = new Set();
  let state = seed;
  const random = (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % limit;
  };
  const bytes = new Uint8Array(memory.buffer);
  let snapshot = memory.snapshot();
  for (let round = 0; round < ROUNDS; round++) {
    try {
      const page = random(PAGES);
      switch (random(5)) {
        case 0:
          snapshot = memory.snapshot();
          break;
        case 1:
          memory.restore(snapshot);
          break;
        case 2:
          memory.discard(page * PAGE, PAGE);
          break;
        case 3: {
          const copy = new Uint8Array(Memory.from(snapshot, { shared: false }).buffer);
          check(copy, page);
          break;
        }
        default:
          bytes.fill(page + 1, page * PAGE, (page + 1) * PAGE);
      }
      check(bytes, random(PAGES));
      memory.usage();
    } catch (error) {
      errors.add(error.message);
    }
  }
  return { wrong: [...wrong], errors: [...errors] };

  function check(content, page) {
    for (let at = page * PAGE; at < (page + 1) * PAGE; at += 1021) {
      if (content[at] !== 0 && content[at] !== page + 1) wrong.add(`${content[at]} in ${page}`);
    }
  }
}

async function main() {
  const memory = new Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const answers = [1, 2].map(
    (seed) =>
      new Promise((resolve, reject) => {
        const worker = new Worker(__filename, { workerData: { token: memory.share(), seed } });
        worker.once("message", resolve).once("error", reject);
      }),
  );
  const results = [work(memory, 3), ...(await Promise.all(answers))];
  const wrong = results.flatMap((result) => result.wrong);
  const errors = results.flatMap((result) => result.errors);
  console.log(JSON.stringify({ rounds: ROUNDS * results.length, wrong, errors }));
}

if (isMainThread) main();
else parentPort.postMessage(work(Memory.from(workerData.token), workerData.seed));
