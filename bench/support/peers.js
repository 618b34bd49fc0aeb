"use strict";

const PAGE = 65_536;
const MIB = 2 ** 20;
const GIB = 2 ** 30;

// A peer that this engine lacks is undefined. It is left out, which a note in the table mentions.
const hasResizable = "resizable" in ArrayBuffer.prototype;
const hasGrowable = "growable" in SharedArrayBuffer.prototype;

const resizable = hasResizable
  ? (byteLength, maxByteLength = byteLength) => new ArrayBuffer(byteLength, { maxByteLength })
  : undefined;
const growable = hasGrowable
  ? (byteLength, maxByteLength) => new SharedArrayBuffer(byteLength, { maxByteLength })
  : undefined;

/** Returns an object with the same keys, and `change` applied to all values that are defined. */
function mapPeers(peers, change) {
  const entries = Object.entries(peers);
  return Object.fromEntries(entries.map(([name, value]) => [name, value && change(value, name)]));
}

module.exports = { PAGE, MIB, GIB, resizable, growable, mapPeers };
