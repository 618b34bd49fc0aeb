"use strict";

// What /proc reports about this process: its address space, mappings, resident pages and descriptors.

const fs = require("node:fs");

/** Returns a number of /proc/self/status in kilobytes: VmSize (address space), VmRSS (resident). */
function status(name) {
  const text = fs.readFileSync("/proc/self/status", "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)[1]);
}

const addressSpaceBytes = () => status("VmSize") * 1024;

const residentBytes = () => status("VmRSS") * 1024;

const mappingCount = () => fs.readFileSync("/proc/self/maps", "utf8").trim().split("\n").length;

/** Returns how many mappings have at least `minimum` bytes, and how many bytes they have together. */
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

/** Returns the protection of the page at `address`, such as "rw-p"; undefined if none is mapped. */
function protectionAt(address) {
  for (const line of fs.readFileSync("/proc/self/maps", "utf8").trim().split("\n")) {
    const [, start, end, protection] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line);
    if (parseInt(start, 16) <= address && address < parseInt(end, 16)) return protection;
  }
  return undefined;
}

/** Returns the bytes at an address, which no buffer needs to have. */
function bytesAt(address, length) {
  const bytes = Buffer.alloc(length);
  const descriptor = fs.openSync("/proc/self/mem", "r");
  try {
    const count = fs.readSync(descriptor, bytes, 0, length, address);
    return bytes.subarray(0, count);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Returns the mappings that overlap a range, with their kilobytes and `VmFlags` by the names of /proc/self/smaps. */
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
      mapping[name] = name === "VmFlags" ? value.trim().split(" ") : parseInt(value);
    }
  }
  return within;
}

/** Returns the resident bytes of the mappings that overlap a range. */
function residentWithin(address, length) {
  return mappingsWithin(address, length).reduce((bytes, { Rss }) => bytes + Rss * 1024, 0);
}

const isImage = (link) => link.startsWith("/memfd:linear-memory");

/** Returns the open descriptors of snapshot images. */
const imageDescriptors = () =>
  openFiles()
    .filter(({ link }) => isImage(link))
    .map(({ descriptor }) => descriptor);

/** Returns how many descriptors are open that are not of images. */
const otherDescriptorCount = () => openFiles().filter(({ link }) => !isImage(link)).length;

/** Calls `take`, and returns its result and the descriptor of the image that it created. */
function imageTakenBy(take) {
  const inodes = () =>
    new Map(imageDescriptors().map((descriptor) => [statOf(descriptor)?.ino, descriptor]));
  // Images are compared by inode: the descriptor of an image that is collected meanwhile can be reused.
  const before = inodes();
  const taken = take();
  for (const [inode, descriptor] of inodes()) {
    if (inode !== undefined && !before.has(inode)) return [taken, descriptor];
  }
  throw new Error("no image was created");
}

function openFiles() {
  return fs
    .readdirSync("/proc/self/fd")
    .map((descriptor) => ({ descriptor: Number(descriptor), link: linkOf(descriptor) }))
    .filter(({ link }) => link !== undefined);
}

/** Returns undefined if it is closed: that of the folder itself is, and those of collected images. */
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

module.exports = {
  addressSpaceBytes,
  residentBytes,
  mappingCount,
  largeMappings,
  protectionAt,
  bytesAt,
  mappingsWithin,
  residentWithin,
  imageDescriptors,
  imageTakenBy,
  otherDescriptorCount,
};
