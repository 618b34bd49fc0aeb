"use strict";

// Two copies of the package, whose folders are given, work on the same memories of the engine.

const fs = require("node:fs");
const path = require("node:path");
const { Worker, isMainThread, workerData, parentPort } = require("node:worker_threads");

const PAGE = 65_536;

function bytesOf(memory, ...offsets) {
  const bytes = new Uint8Array(memory.buffer);
  return offsets.map((offset) => bytes[offset]);
}

function main(folders) {
  const [first, second] = folders.map((folder) => require(folder));
  const report = { sameClass: first.Memory === second.Memory };

  // A snapshot that one copy restored is under pages that the other gives back and freezes.
  const engine = new WebAssembly.Memory({ initial: 2, maximum: 4 });
  const [mine, other] = [first.Memory.from(engine), second.Memory.from(engine)];
  new Uint8Array(engine.buffer).fill(7);
  const sevens = mine.snapshot();
  mine.restore(sevens);
  const seen = other.snapshot();
  report.seenByTheOther = bytesOf(second.Memory.from(seen), 0, 2 * PAGE - 1);
  other.discard(PAGE, PAGE);
  report.discardedByTheOther = bytesOf(mine, PAGE - 1, PAGE, 2 * PAGE - 1);
  mine.restore(sevens);
  report.restored = bytesOf(other, PAGE - 1, PAGE, 2 * PAGE - 1);

  // What the other put there in between is gone after the next restore.
  const eights = second.Memory.from(seen);
  new Uint8Array(eights.buffer).fill(8);
  other.restore(eights.snapshot());
  mine.restore(sevens);
  report.restoredOver = bytesOf(mine, 0, PAGE, 2 * PAGE - 1);

  // A file of which one copy has lost a page.
  if (first.features.mappedFiles) {
    const file = path.join(path.dirname(folders[0]), "lost.bin");
    fs.writeFileSync(file, Buffer.alloc(2 * PAGE, 1));
    const unharmed = second.Memory.open(file, { mode: "r" });
    const memory = first.Memory.open(file, { mode: "r+" });
    fs.truncateSync(file, PAGE);
    report.lost = new Uint8Array(memory.buffer)[PAGE];
    report.told = thrown(() => memory.buffer);
    report.toldToTheOther = thrown(() => unharmed.buffer);
  }

  const worker = new Worker(__filename, { workerData: folders[1] });
  worker.once("message", (message) => console.log(JSON.stringify({ ...report, ...message })));
}

function thrown(action) {
  try {
    action();
  } catch (error) {
    return error.name;
  }
  return null;
}

if (isMainThread) main(process.argv.slice(2));
else {
  // The only copy that this thread loads is not the first of the process.
  require(workerData);
  const native = require(path.join(workerData, "native.js"));
  parentPort.postMessage({ firstInTheWorker: native.firstCopy() });
}
