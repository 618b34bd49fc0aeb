"use strict";

// What Node.js has for objects that are not to be posted. Its module takes longer to load than all of
// this package, so it is loaded when the first memory is made.

const ignore = () => {};
const neverMarked = () => false;

let marks;

function load() {
  const {
    markAsUncloneable = ignore, // before Node.js 22.10
    markAsUntransferable,
    isMarkedAsUntransferable = neverMarked,
  } = require("node:worker_threads");
  return { markAsUncloneable, markAsUntransferable, isMarkedAsUntransferable };
}

/** Has the structured clone of an object throw, where the engine lets us. */
function markAsUncloneable(object) {
  marks ??= load();
  marks.markAsUncloneable(object);
}

/** Has the structured clone of an object throw that is to move a buffer. */
function markAsUntransferable(buffer) {
  marks ??= load();
  marks.markAsUntransferable(buffer);
}

function isMarkedAsUntransferable(buffer) {
  marks ??= load();
  return marks.isMarkedAsUntransferable(buffer);
}

module.exports = { markAsUncloneable, markAsUntransferable, isMarkedAsUntransferable };
