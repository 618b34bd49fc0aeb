"use strict";

// The process of the model: runs sequences of random operations until the time is over.
//   node --expose-gc soak/model/main.js SECONDS SEED [LENGTH] [COUNT]

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const { compile } = require("../../__test__/support/wat");
const { copyPackage } = require("../../__test__/support/copy-package");
const { Random } = require("../random");
const { operations } = require("./operations");
const { World, injection } = require("./world");

const names = Object.keys(operations);
const weighted = names.map((name) => ({ name, weight: operations[name].weight }));

async function main([seconds, seed, length = "80", most = "Infinity"]) {
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-model-"));
  process.on("exit", () => fs.rmSync(parent, { recursive: true, force: true }));
  const context = await prepare(parent);
  const end = Date.now() + Number(seconds) * 1000;
  let [count, done] = [0, 0];
  for (let current = Number(seed); Date.now() < end && count < Number(most); current++) {
    // If this process crashes, its parent reports this seed.
    fs.writeSync(3, `${current}\n`);
    const sequence = sequenceOf(current, Number(length));
    const error = await attempt(context, sequence);
    if (error !== undefined) {
      await report(context, current, sequence, error);
      process.exitCode = 1;
      return;
    }
    count++;
    done += sequence.length;
  }
  console.log(`model: ${count} sequences, ${done} operations, no difference`);
}

async function prepare(parent) {
  const folder = path.join(parent, "files");
  fs.mkdirSync(folder);
  const own = path.join(__dirname, "..", "..");
  const others = ["second", "third"].map((name) => copyPackage(parent, name));
  const copies = [own, ...others].map((copy) => require(copy));
  const text = (limits) => `(module
    (memory (import "m" "m") ${limits})
    (func (export "fill") (param i32 i32 i32)
      (memory.fill (local.get 0) (local.get 1) (local.get 2)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`;
  const modules = {
    unshared: await compile(text("0")),
    shared: await compile(text("0 65536 shared")),
  };
  // If the engine's own class has no resizable buffers, the package makes them itself.
  const emulatesResizable = WebAssembly.Memory.prototype.toResizableBuffer === undefined;
  // Exists in the addon of `npm run build:fault` only.
  const { failAt } = require("../../native");
  return { copies, folder, modules, emulatesResizable, failAt };
}

/** Returns random operations, each with a seed of its own. */
function sequenceOf(seed, length) {
  const random = new Random(seed);
  return Array.from({ length }, () => ({
    name: random.pickWeighted(weighted).name,
    seed: random.next(),
  }));
}

/** Runs a sequence, and returns the difference that it finds, if any. */
async function attempt(context, sequence) {
  const world = new World(context);
  try {
    for (const { name, seed } of sequence) {
      const random = new Random(seed);
      if (process.env.MODEL_TRACE) fs.writeSync(2, `${name} ${seed}\n`);
      const { mayFail, run } = operations[name];
      await (context.failAt && mayFail ? withFailures : withoutFailures)(context, random, () =>
        run(world, random),
      );
      world.compare(random.isOneIn(16) ? undefined : random);
    }
    world.compare();
    world.compareSnapshots();
  } catch (error) {
    return error;
  } finally {
    world.end(new Random(1));
  }
  return undefined;
}

function withoutFailures(_context, _random, action) {
  return action();
}

/** Runs `action` while some system calls fail. If it throws, it must have changed nothing. */
function withFailures({ failAt }, random, action) {
  const calls = Array.from({ length: random.between(0, 2) }, () => random.between(1, 16));
  failAt(calls);
  injection.isActive = calls.length > 0;
  try {
    return action();
  } catch (error) {
    const isExpected = ["TypeError", "RangeError"].includes(error.name) || "syscall" in error;
    if (calls.length === 0 || !isExpected) throw error;
  } finally {
    injection.isActive = false;
    failAt([]);
  }
  return undefined;
}

/** Reports a difference, with the shortest sequence that is found by leaving out operations. */
async function report(context, seed, sequence, error) {
  console.error(`model: seed ${seed}: ${error.stack}`);
  let [shortest, last] = [sequence, error];
  for (let at = sequence.length - 1; at >= 0; at--) {
    const shorter = shortest.toSpliced?.(at, 1) ?? shortest.filter((_, index) => index !== at);
    const found = await attempt(context, shorter);
    if (found === undefined) continue;
    [shortest, last] = [shorter, found];
  }
  console.error(
    `model: shortest sequence: ${shortest.map(({ name, seed }) => `${name} ${seed}`).join(", ")}`,
  );
  console.error(`model: its error: ${last.message}`);
}

main(process.argv.slice(2));
