"use strict";

const { once } = require("node:events");
const path = require("node:path");
const { Worker } = require("node:worker_threads");

const { Actor, COUNTED } = require("./actor");
const { Tally } = require("./tally");

/** The threads of one round: the main thread, and workers, some of which are terminated. */
class Crew {
  #actor;
  #workers = new Map();
  #over = new Int32Array(new SharedArrayBuffer(4));
  #shared;
  #nextThread = 2;
  #onFailure;

  constructor({ threads, seed, programs, onFailure }) {
    this.tally = new Tally(COUNTED);
    this.#onFailure = onFailure;
    this.#shared = { seed, programs };
    const terminate = {
      name: "terminate a worker",
      weight: 0.2,
      appliesTo: () => this.#workers.size > 0,
      run: () => this.#replaceOne(),
    };
    this.#actor = new Actor({ ...this.#shared, thread: 1, tally: this.tally }, [terminate]);
    for (let worker = 1; worker < threads; worker++) this.#start();
  }

  /** Runs all threads for `duration` milliseconds, and waits for them to end. */
  async run(duration) {
    const end = Date.now() + duration;
    await this.#actor.run(() => Date.now() >= end);
    Atomics.store(this.#over, 0, 1);
    await Promise.all([...this.#workers.keys()].map((worker) => once(worker, "exit")));
  }

  #start() {
    const thread = this.#nextThread++;
    const workerData = { ...this.#shared, thread, over: this.#over, tally: this.tally.buffer };
    const worker = new Worker(path.join(__dirname, "worker.js"), { workerData });
    this.#workers.set(worker, thread);
    this.#actor.peers.push(worker);
    worker.on("error", this.#onFailure);
    worker.on("message", (message) => this.#actor.receive(message));
    worker.on("exit", () => {
      this.#workers.delete(worker);
      this.#actor.peers = [...this.#workers.keys()];
    });
  }

  async #replaceOne() {
    const [worker, thread] = this.#actor.random.pick([...this.#workers]);
    await worker.terminate();
    this.#actor.repairPagesOf(thread);
    this.#start();
  }
}

module.exports = { Crew };
