"use strict";

// Assembles the modules of the examples that are older than their texts.

const fs = require("node:fs");
const path = require("node:path");

const { filesIn, isStale, root } = require("./stale");

async function buildExamples() {
  const texts = filesIn("examples").filter((file) => file.endsWith(".wat"));
  for (const text of texts) {
    const binary = text.replace(/wat$/, "wasm");
    if (isStale([text], [binary])) await assemble(text, binary);
  }
}

async function assemble(text, binary) {
  const wabt = await require("wabt")();
  const module = wabt.parseWat(text, fs.readFileSync(path.join(root, text), "utf8"));
  fs.writeFileSync(path.join(root, binary), module.toBinary({}).buffer);
  module.destroy();
}

module.exports = { buildExamples };
if (require.main === module) buildExamples();
