"use strict";

// For programs that run with the addon of `npm run build:fault`: calls of the system's that fail.

const native = require("../../native");

/** What `action` returns or throws, with the calls of these numbers failing. */
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
 * What comes of `attempt` with no call failing, and then with every set of those that it reaches.
 *
 * @param attempt of the numbers of the calls that fail; returns an object with the names of those that
 *   it `reached`
 * @param most how many calls fail at a time. Where each is survived, the sets would be too many.
 */
async function withEveryFailure(attempt, most = Infinity) {
  const runs = [];
  const plans = [[]];
  while (plans.length > 0) {
    const calls = plans.pop();
    const run = await attempt(calls);
    runs.push(run);
    if (calls.length === most) continue;
    // Those after the last that failed: the others' turn has been, or comes.
    for (let call = (calls.at(-1) ?? 0) + 1; call <= run.reached.length; call++) {
      plans.push([...calls, call]);
    }
  }
  return runs;
}

module.exports = { withFailures, withEveryFailure };
