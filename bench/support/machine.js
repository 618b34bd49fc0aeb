"use strict";

const os = require("node:os");

/** Describes the machine and the engine, which figures depend on. */
function describe() {
  const { node, v8 } = process.versions;
  const cpus = os.cpus();
  return {
    node,
    v8,
    date: new Date().toISOString().slice(0, 10),
    kernel: `${os.type()} ${os.release()}`,
    cpu: `${cpus.length} × ${cpus[0]?.model ?? process.arch}`,
  };
}

module.exports = { describe };
