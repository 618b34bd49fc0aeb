"use strict";

// Scenarios with every set of failing calls: the addon of `npm run build:fault` has any call fail.

const path = require("node:path");

const { run } = require("./run");

const addon = path.join(__dirname, "..", "..", "target", "fault", "linear-memory.node");

/** For tests' time limits: some have hundreds of sets of calls to fail. */
const PATIENCE = 280_000;

// What comes of each call's failure, if no other fails.
const DONE = "done";
const REFUSED = "refused";

/** Runs a scenario of a program with every failure. */
function runWithFailures(program, args, { ulimit, env } = {}) {
  return run(program, {
    args,
    ulimit,
    env: { ...env, LINEAR_MEMORY_ADDON: addon },
    timeout: PATIENCE,
  });
}

/**
 * The same, where each call's failure alone has the outcome that `expected` has for its name. Throws where
 * a run does more than a refusal may. Returns the name of the hand-off, and the runs with failures.
 */
async function expectOutcomes(program, scenario, expected, options) {
  const { handoff, runs, wrong } = await runWithFailures(program, [scenario], options);
  // Nothing leaks, and what was refused leaves the memory as it was.
  expect(runs.filter((each) => each.wrong.length > 0)).toEqual([]);
  expect(wrong).toEqual([]);

  const [unharmed, ...harmed] = runs;
  expect(unharmed).not.toHaveProperty("error");
  // Pages that came from two places are moved by two calls.
  expect([...new Set(unharmed.reached)]).toEqual(Object.keys(expected));
  const alone = harmed.filter(({ calls }) => calls.length === 1);
  const outcomes = alone.map(({ calls, reached, error }) => [
    reached[calls[0] - 1],
    error === undefined ? DONE : REFUSED,
  ]);
  expect(Object.fromEntries(outcomes)).toEqual(expected);
  const errors = harmed.map(({ error }) => error).filter((error) => error !== undefined);
  return { handoff, harmed, errors };
}

module.exports = { addon, PATIENCE, DONE, REFUSED, runWithFailures, expectOutcomes };
