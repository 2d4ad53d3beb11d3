/** @import { Progress } from "./types.js" */

/** The period over which speed is averaged: short enough to follow changes, long enough to be stable. */
const WINDOW_MILLISECONDS = 5_000;

/** The minimum time between two progress events. */
export const REPORT_INTERVAL_MILLISECONDS = 100;

/** Computes speed and remaining time from byte counts. */
export class Meter {
  /** @type {{ at: number, loaded: number }[]} */
  #samples = [];
  #lastReport = -Infinity;
  #total;
  #now;

  /**
   * @param {number} total Bytes.
   * @param {() => number} [now] Milliseconds.
   */
  constructor(total, now = () => performance.now()) {
    this.#total = total;
    this.#now = now;
  }

  /** Restarts the measurement after a pause, so that the pause does not lower the speed. */
  restart() {
    this.#samples = [];
  }

  /**
   * Records a byte count and returns the progress.
   * @param {number} loaded Bytes.
   * @returns {Progress}
   */
  measure(loaded) {
    const at = this.#now();
    this.#samples.push({ at, loaded });
    while (this.#samples.length > 2 && at - this.#samples[0].at > WINDOW_MILLISECONDS) this.#samples.shift();
    const first = this.#samples[0];
    // Resending a part lowers the count; the speed is never negative.
    const bytesPerSecond = at > first.at ? Math.max(0, ((loaded - first.loaded) * 1000) / (at - first.at)) : 0;
    const remainingSeconds = bytesPerSecond > 0 ? (this.#total - loaded) / bytesPerSecond : null;
    return { loaded, total: this.#total, bytesPerSecond, remainingSeconds };
  }

  /** Whether the next progress event is due. If so, its time is recorded. */
  isDue() {
    const now = this.#now();
    if (now - this.#lastReport < REPORT_INTERVAL_MILLISECONDS) return false;
    this.#lastReport = now;
    return true;
  }
}
