"use strict";

// What the kernel says of this process, and waiting for what the collector lets go of.

const fs = require("node:fs");
const v8 = require("node:v8");
const vm = require("node:vm");

v8.setFlagsFromString("--expose-gc");
const gc = vm.runInNewContext("gc");

/** Kilobytes, of a line of /proc/self/status: VmSize (address space), VmRSS (resident). */
function status(name) {
  const text = fs.readFileSync("/proc/self/status", "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)[1]);
}

const addressSpace = () => status("VmSize") * 1024;

const resident = () => status("VmRSS") * 1024;

/** How many mappings the process has. */
const mappings = () => fs.readFileSync("/proc/self/maps", "utf8").trim().split("\n").length;

/** The protection ("rw-p", say) of the page at `address`, or undefined where nothing is mapped. */
function protectionAt(address) {
  for (const line of fs.readFileSync("/proc/self/maps", "utf8").trim().split("\n")) {
    const [, start, end, protection] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line);
    if (parseInt(start, 16) <= address && address < parseInt(end, 16)) return protection;
  }
  return undefined;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Collects garbage, and lets finalizers run, until `isDone` or for a bounded number of rounds. */
async function collect(isDone = () => false) {
  for (let round = 0; round < 20 && !isDone(); round++) {
    gc();
    await turn();
  }
}

module.exports = { addressSpace, resident, mappings, protectionAt, turn, gc, collect };
