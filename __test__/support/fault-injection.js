"use strict";

// Makes system calls fail. Programs that use this run with the addon of `npm run build:fault`.

const native = require("../../native");

/** Runs `action` while the calls with these numbers fail, and returns its result or its error. */
function withFailures(calls, action) {
  native.failAt(calls);
  try {
    return { result: action(), reached: native.callsReached() };
  } catch (error) {
    return { error, reached: native.callsReached() };
  } finally {
    native.failAt([]);
  }
}

/**
 * Runs `attempt` with no call failing, and then with every set of the calls that it reaches failing.
 *
 * @param attempt takes the numbers of the calls that are to fail, and returns an object whose `reached`
 *   has the names of the calls that it reached
 * @param most limits how many calls fail at a time. If `attempt` goes on after each failure, the sets would
 *   be too many.
 */
async function withEveryFailure(attempt, most = Infinity) {
  const runs = [];
  const plans = [[]];
  while (plans.length > 0) {
    const calls = plans.pop();
    const run = await attempt(calls);
    runs.push(run);
    if (calls.length === most) continue;
    // Only calls after the last one that failed: plans with earlier calls are added elsewhere.
    for (let call = (calls.at(-1) ?? 0) + 1; call <= run.reached.length; call++) {
      plans.push([...calls, call]);
    }
  }
  return runs;
}

module.exports = { withFailures, withEveryFailure };
