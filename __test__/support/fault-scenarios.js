"use strict";

// Runs the scenarios of fixtures with every set of system calls failing. They use the addon of
// `npm run build:fault`, in which any call can fail.

const path = require("node:path");

const { run } = require("./run-fixture");

const addon = path.join(__dirname, "..", "..", "target", "fault", "linear-memory.node");

/** A time limit for tests: some scenarios run with hundreds of sets of failing calls. */
const FAULT_TIMEOUT = 280_000;

// What happens if a call fails and no other does.
const DONE = "done";
const REFUSED = "refused";

/** Runs a fixture with the addon whose calls can fail. */
function runWithFailures(program, args, { ulimit, env } = {}) {
  return run(program, {
    args,
    ulimit,
    env: { ...env, LINEAR_MEMORY_ADDON: addon },
    timeout: FAULT_TIMEOUT,
  });
}

/**
 * Runs a scenario, and expects that each call has the outcome in `expected` when it alone fails, that a
 * refused operation leaves the memory unchanged, and that nothing leaks. Returns the name of the hand-off,
 * the runs with failures and their errors.
 */
async function expectOutcomes(program, scenario, expected, options) {
  const { handoff, runs, wrong } = await runWithFailures(program, [scenario], options);
  expect(runs.filter((each) => each.wrong.length > 0)).toEqual([]);
  expect(wrong).toEqual([]);

  const [unharmed, ...harmed] = runs;
  expect(unharmed).not.toHaveProperty("error");
  // Reached twice if pages from two places have to be moved.
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

module.exports = { addon, FAULT_TIMEOUT, DONE, REFUSED, runWithFailures, expectOutcomes };
