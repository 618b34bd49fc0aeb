"use strict";

// What the kernel says of this process, and waiting for what the collector lets go of.

const fs = require("node:fs");
const v8 = require("node:v8");
const vm = require("node:vm");

/** Collects garbage at once, all of it. */
const gc = process.versions.bun === undefined ? exposeGc() : () => globalThis.Bun.gc(true);

function exposeGc() {
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc");
}

/** Kilobytes, of a line of /proc/self/status: VmSize (address space), VmRSS (resident). */
function status(name) {
  const text = fs.readFileSync("/proc/self/status", "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)[1]);
}

const addressSpace = () => status("VmSize") * 1024;

const resident = () => status("VmRSS") * 1024;

/** How many mappings the process has. */
const mappings = () => fs.readFileSync("/proc/self/maps", "utf8").trim().split("\n").length;

/** How many mappings of that many bytes or more the process has, and how many bytes in all. */
function largeMappings(minimum) {
  let [count, bytes] = [0, 0];
  for (const line of fs.readFileSync("/proc/self/maps", "utf8").trim().split("\n")) {
    const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line);
    const length = parseInt(end, 16) - parseInt(start, 16);
    if (length < minimum || line.endsWith("[heap]")) continue;
    count++;
    bytes += length;
  }
  return { count, bytes };
}

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

module.exports = {
  addressSpace,
  resident,
  mappings,
  largeMappings,
  protectionAt,
  turn,
  gc,
  collect,
};
