"use strict";

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const { MIB } = require("./peers");

/**
 * A file for the processes that measure, in the system's cache, which goes when this process does: it
 * has no name from the beginning, but as a descriptor of this process's.
 */
class MadeFile {
  #descriptor;

  /** Of numbers that count from 0, as an array of that type has them. */
  static ofNumbers(Numbers, bytes) {
    return new MadeFile((descriptor) => {
      const numbers = new Numbers(MIB / Numbers.BYTES_PER_ELEMENT);
      for (let offset = 0; offset < bytes; offset += MIB) {
        const first = offset / Numbers.BYTES_PER_ELEMENT;
        for (let i = 0; i < numbers.length; i++) numbers[i] = first + i;
        fs.writeSync(descriptor, numbers);
      }
      // Or it is written while others measure.
      fs.fsyncSync(descriptor);
    });
  }

  /** Of zeros, which take nothing of the disk, but as much of the cache as others. */
  static ofZeros(bytes) {
    return new MadeFile((descriptor) => {
      fs.ftruncateSync(descriptor, bytes);
      const chunk = Buffer.alloc(MIB);
      while (fs.readSync(descriptor, chunk) > 0);
    });
  }

  constructor(fill) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));
    try {
      this.#descriptor = fs.openSync(path.join(folder, "file"), "wx+");
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
    fill(this.#descriptor);
  }

  /** By which other processes open it. */
  get path() {
    return `/proc/${process.pid}/fd/${this.#descriptor}`;
  }

  close() {
    fs.closeSync(this.#descriptor);
  }
}

module.exports = { MadeFile };
