"use strict";

// A worker thread of the soak.

const { parentPort, workerData } = require("node:worker_threads");

const { Actor, COUNTED } = require("./actor");
const { Tally } = require("./tally");

const { over, tally, ...rest } = workerData;
const actor = new Actor({ ...rest, tally: new Tally(COUNTED, tally) });
actor.peers = [parentPort];
parentPort.on("message", (message) => actor.receive(message));

const isOver = () => Atomics.load(over, 0) !== 0;
actor.run(isOver).then(() => parentPort.close());
