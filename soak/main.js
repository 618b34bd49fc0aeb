"use strict";

// The process of the soak. See run.js, which starts it with all options.

// Only one thread for native code, so that it uses pages for a long time while other operations continue.
process.env.UV_THREADPOOL_SIZE = "1";

const { features } = require("..");
const { collectGarbage } = require("../__test__/support/gc");
const { addressSpaceBytes, mappingCount, residentBytes } = require("../__test__/support/proc");
const { PAGE } = require("./content");
const { Crew } = require("./crew");
const { MAX_PAGES } = require("./ledger");
const { compilePrograms } = require("./programs");

const MIB = 2 ** 20;

/**
 * The address space that may be left, compared with a first, shorter round.
 *
 * A memory without a maximum reserves 4 GiB, and an engine memory 8 GiB or more, so a single leak exceeds
 * this. The C library reserves 64 MiB for each thread that allocates, for up to 8 threads a processor.
 */
const MOST_ADDRESS_SPACE = 2048 * MIB;

async function main() {
  const [seconds, seed, threads, mostResident, mostMappings] = process.argv.slice(2).map(Number);
  console.log(`Node.js ${process.versions.node}, ${features.handoff} hand-off`);
  const programs = await compilePrograms(features, MAX_PAGES);

  // Until code is compiled, heaps have grown, and stacks are mapped.
  const warmup = Math.min(10, seconds / 4);
  const round = (length, ofSeed) => runRound({ seconds: length, seed: ofSeed, threads, programs });
  await round(warmup, ~seed);
  const before = await measure();
  const tally = await round(seconds - warmup, seed);
  const after = await measure();

  report(tally, before, after);
  const tolerated = {
    "address space": MOST_ADDRESS_SPACE,
    mappings: mostMappings,
    resident: mostResident * MIB,
  };
  const left = Object.keys(tolerated).filter(
    (name) => after[name] - before[name] > tolerated[name],
  );
  if (left.length > 0) fail(new Error(`left over: ${left.join(", ")}`));
}

async function runRound({ seconds, seed, threads, programs }) {
  const crew = new Crew({ threads, seed, programs, onFailure: fail });
  await crew.run(seconds * 1000);
  return crew.tally;
}

async function measure() {
  await collectGarbage();
  return {
    "address space": addressSpaceBytes(),
    mappings: mappingCount(),
    resident: residentBytes(),
  };
}

function report(tally, before, after) {
  for (const [name, count] of tally.entries) console.log(`${String(count).padStart(12)}  ${name}`);
  const { "pages written": written, "pages checked": checked } = Object.fromEntries(tally.entries);
  const gib = (pages) => `${((pages * PAGE) / 2 ** 30).toFixed(1)} GiB`;
  console.log(`bytes: ${gib(written)} written, ${gib(checked)} checked`);
  for (const [name, value] of Object.entries(before)) {
    const show = (number) =>
      name === "mappings" ? String(number) : `${(number / MIB).toFixed(1)} MiB`;
    console.log(`${name}: ${show(value)} before, ${show(after[name])} after`);
  }
}

function fail(error) {
  console.error(error);
  process.exit(1);
}

process.on("uncaughtException", fail);
main();
