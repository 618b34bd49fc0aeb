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

const isImage = (link) => link.startsWith("/memfd:linear-memory");

/** The descriptors of the process that are images of memories. */
const images = () =>
  openFiles()
    .filter(({ link }) => isImage(link))
    .map(({ descriptor }) => descriptor);

/** How many other descriptors the process has. */
const descriptors = () => openFiles().filter(({ link }) => !isImage(link)).length;

/** The image that `take` makes, as a descriptor of this process, after what it returns. */
function imageOf(take) {
  const inodes = () => new Map(images().map((descriptor) => [statOf(descriptor)?.ino, descriptor]));
  // The number of one that is collected meanwhile may be the next one's.
  const before = inodes();
  const taken = take();
  for (const [inode, descriptor] of inodes()) {
    if (inode !== undefined && !before.has(inode)) return [taken, descriptor];
  }
  throw new Error("no image was made");
}

function openFiles() {
  return fs
    .readdirSync("/proc/self/fd")
    .map((descriptor) => ({ descriptor: Number(descriptor), link: linkOf(descriptor) }))
    .filter(({ link }) => link !== undefined);
}

/** Undefined for one that is no more: that of the folder, those of what is collected meanwhile. */
function linkOf(descriptor) {
  try {
    return fs.readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}

function statOf(descriptor) {
  try {
    return fs.fstatSync(descriptor);
  } catch {
    return undefined;
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
  imageOf,
  descriptors,
  turn,
  gc,
  collect,
};
