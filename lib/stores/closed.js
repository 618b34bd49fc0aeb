"use strict";

const { TypeError } = require("../built-ins/primordials");

/** The store of a memory that was closed: of what a store has, only what needs no asking before. */
const closed = {
  get buffer() {
    throw new TypeError("Memory.buffer: the memory is closed");
  },
};

module.exports = { closed };
