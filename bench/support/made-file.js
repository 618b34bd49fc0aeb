"use strict";

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const { MIB } = require("./peers");

/**
 * A cached file for the processes that measure. It is unlinked at once, so that it is removed when this process
 * ends; other processes open it by this process's descriptor.
 */
class MadeFile {
  #descriptor;

  /** Creates a file of the numbers from 0 on, in the format of a typed array. */
  static ofNumbers(Numbers, bytes) {
    return new MadeFile((descriptor) => {
      const numbers = new Numbers(MIB / Numbers.BYTES_PER_ELEMENT);
      for (let offset = 0; offset < bytes; offset += MIB) {
        const first = offset / Numbers.BYTES_PER_ELEMENT;
        for (let i = 0; i < numbers.length; i++) numbers[i] = first + i;
        fs.writeSync(descriptor, numbers);
      }
      // So that the system does not write it back while others measure.
      fs.fsyncSync(descriptor);
    });
  }

  /** Creates a file of zeros: a hole, which takes no disk space, but fills the cache. */
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

  /** The path by which other processes open the file. */
  get path() {
    return `/proc/${process.pid}/fd/${this.#descriptor}`;
  }

  close() {
    fs.closeSync(this.#descriptor);
  }
}

module.exports = { MadeFile };
