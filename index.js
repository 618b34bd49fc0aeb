"use strict";

const { features } = require("./lib/engine/features");
const { Memory } = require("./lib/memory");
const { Snapshot } = require("./lib/snapshot");

module.exports = { Memory, Snapshot, features };
