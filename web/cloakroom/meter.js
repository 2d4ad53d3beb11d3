/** @import { Progress } from "./types.js" */

/** Speed is taken over this long: short enough to follow the line, long enough to stand still. */
const WINDOW_MILLISECONDS = 5_000;

/** Listeners hear of progress at most this often. */
export const QUIET_MILLISECONDS = 100;

/** Turns counts of bytes into speed and remaining time. */
export class Meter {
  /** @type {{ at: number, loaded: number }[]} */
  #samples = [];
  #told = -Infinity;
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

  /** After a pause: the time of standing still is not part of the speed. */
  restart() {
    this.#samples = [];
  }

  /**
   * @param {number} loaded Bytes.
   * @returns {Progress}
   */
  measure(loaded) {
    const at = this.#now();
    this.#samples.push({ at, loaded });
    while (this.#samples.length > 2 && at - this.#samples[0].at > WINDOW_MILLISECONDS) this.#samples.shift();
    const first = this.#samples[0];
    // A part that is sent again takes the count back; that is no negative speed.
    const bytesPerSecond = at > first.at ? Math.max(0, ((loaded - first.loaded) * 1000) / (at - first.at)) : 0;
    const remainingSeconds = bytesPerSecond > 0 ? (this.#total - loaded) / bytesPerSecond : null;
    return { loaded, total: this.#total, bytesPerSecond, remainingSeconds };
  }

  /** Whether it is time to tell listeners again. */
  isDue() {
    const now = this.#now();
    if (now - this.#told < QUIET_MILLISECONDS) return false;
    this.#told = now;
    return true;
  }
}
