"use strict";

// Maps a file of 1 GiB into the memory of a WebAssembly module, which counts its lines: nothing is read into
// a Buffer, and nothing is copied.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const { Memory } = require("linear-memory");

const PAGE = 65_536;
const MIB = 2 ** 20;
const BYTES = 1024 * MIB;

const LINE = "a line of text\n";
const LINES_A_MIB = 256;

/** Writes the file: lines at the start of each MiB, and holes between them, which occupy no disk space. */
function write(file) {
  const lines = Buffer.from(LINE.repeat(LINES_A_MIB));
  const descriptor = fs.openSync(file, "wx");
  for (let offset = 0; offset < BYTES; offset += MIB)
    fs.writeSync(descriptor, lines, { position: offset });
  fs.ftruncateSync(descriptor, BYTES);
  fs.closeSync(descriptor);
  return (LINES_A_MIB * BYTES) / MIB;
}

/** Reads the whole file into the system's cache, so that the disk does not affect the measurement. */
function warm(file) {
  const chunk = Buffer.alloc(MIB);
  const descriptor = fs.openSync(file);
  while (fs.readSync(descriptor, chunk) > 0);
  fs.closeSync(descriptor);
}

function main(file) {
  const expected = write(file);
  warm(file);
  console.log(`a file of ${BYTES} bytes`);

  const memory = new Memory({ initial: BYTES / PAGE, maximum: BYTES / PAGE });
  const module = new WebAssembly.Module(fs.readFileSync(path.join(__dirname, "grep.wasm")));
  const instance = new WebAssembly.Instance(module, { js: { mem: memory.toWebAssembly() } });

  let lines;
  const mapped = time(() => memory.map(0, file));
  const counted = time(() => (lines = instance.exports.count(0, BYTES)));
  assert.equal(lines, expected);
  console.log(`${lines} lines, counted in WebAssembly`);
  console.log(`mapped in ${mapped.toFixed(1)} ms, and counted in ${counted.toFixed(0)} ms more;`);

  const read = time(() => fs.readFileSync(file));
  console.log(`fs.readFileSync takes ${read.toFixed(0)} ms before anything is counted`);
}

/** Returns how many milliseconds `action` takes. */
function time(action) {
  const start = performance.now();
  action();
  return performance.now() - start;
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));
try {
  main(path.join(folder, "lines.txt"));
} finally {
  fs.rmSync(folder, { recursive: true });
}
