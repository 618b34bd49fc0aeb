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

/** The mappings that have bytes in common with these, with the kilobytes that the kernel has for them. */
function mappingsWithin(address, length) {
  const within = [];
  let mapping;
  for (const line of fs.readFileSync("/proc/self/smaps", "utf8").trim().split("\n")) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(.*)/.exec(line);
    if (head !== null) {
      const [start, end] = [parseInt(head[1], 16), parseInt(head[2], 16)];
      mapping = { start, end, protection: head[3], path: head[4] };
      if (start < address + length && address < end) within.push(mapping);
    } else {
      const [, name, value] = /^(\w+): +(.*)/.exec(line);
      mapping[name] = parseInt(value);
    }
  }
  return within;
}

/** Resident bytes of the mappings that have bytes in common with these, as the kernel adds them up. */
function residentWithin(address, length) {
  return mappingsWithin(address, length).reduce((bytes, { Rss }) => bytes + Rss * 1024, 0);
}

/** The descriptors of the process that are images of memories. */
function images() {
  return fs
    .readdirSync("/proc/self/fd")
    .filter((descriptor) => linkOf(descriptor).startsWith("/memfd:linear-memory"))
    .map(Number);
}

/** How many descriptors the process has, but for the one that counts them. */
const descriptors = () => fs.readdirSync("/proc/self/fd").length - 1;

function linkOf(descriptor) {
  try {
    return fs.readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return ""; // That of the folder itself.
  }
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
  mappingsWithin,
  residentWithin,
  images,
  descriptors,
  turn,
  gc,
  collect,
};
