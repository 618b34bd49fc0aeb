"use strict";

// Waiting until threads wait for words of memory, and waking them.

const fs = require("node:fs");

const { nextTurn } = require("./gc");

/** Resolves when `count` threads of a process wait in the kernel's queues, by calls of `Memory.wait()`. */
async function areWaiting(process, count) {
  while (countWaiting(process) < count) await nextTurn();
}

function countWaiting(process) {
  const tasks = `/proc/${process}/task`;
  return fs.readdirSync(tasks).filter((task) => {
    try {
      return (
        fs.readFileSync(`${tasks}/${task}/comm`, "latin1").trim() === "linear-memory" &&
        fs.readFileSync(`${tasks}/${task}/wchan`, "latin1").includes("futex")
      );
    } catch {
      return false; // a thread that has ended since
    }
  }).length;
}

/**
 * Notifies a word in each turn of the event loop until this wakes a wait, and returns how many it woke. Once
 * is not enough: a waiting thread leaves the queue for a moment when it checks whether it was cancelled.
 */
async function notifyUntilWoken(memory, index, count = undefined) {
  for (;;) {
    const woken = memory.notify(index, count);
    if (woken > 0) return woken;
    await nextTurn();
  }
}

module.exports = { areWaiting, notifyUntilWoken };
