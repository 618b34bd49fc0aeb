"use strict";

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const { PAGE, WORDS } = require("./content");

/** More pages than are written at the same time. */
const PAGES = 64;

/** A file to which native code writes pages. It has no name, and is deleted when its thread ends. */
class ScratchFile {
  #fd;
  #next = 0;

  constructor() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));
    this.#fd = fs.openSync(path.join(folder, "scratch"), "w+");
    fs.rmSync(folder, { recursive: true });
  }

  /** Writes a page on another thread, and calls `done` with the words that the file then has. */
  write(bytes, done) {
    const at = PAGE * (this.#next++ % PAGES);
    fs.write(this.#fd, bytes, 0, PAGE, at, (error) => {
      const words = new Int32Array(WORDS);
      if (error === null) fs.readSync(this.#fd, words, 0, PAGE, at);
      done(error, words);
    });
  }
}

module.exports = { ScratchFile };
