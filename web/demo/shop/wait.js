/**
 * Waits for some time, or until `signal` aborts.
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/**
 * Calls `step` until it returns true, with growing pauses between the calls.
 * @param {() => Promise<boolean>} step
 * @param {AbortSignal} signal
 * @param {{ first?: number, longest?: number, attempts?: number }} [options] Milliseconds of the first and of the longest pause.
 * @returns {Promise<boolean>} Whether `step` returned true; false after the last attempt or when `signal` aborts.
 */
export async function poll(step, signal, { first = 500, longest = 15_000, attempts = 40 } = {}) {
  let wait = first;
  for (let attempt = 0; attempt < attempts && !signal.aborted; attempt++) {
    if (await step()) return true;
    await pause(wait, signal);
    wait = Math.min(longest, wait * 1.6);
  }
  return false;
}
