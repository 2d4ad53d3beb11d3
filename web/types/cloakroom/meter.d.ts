/** @import { Progress } from "./types.js" */
import type { Progress } from "./types.js";
/** The minimum time between two progress events. */
export declare const REPORT_INTERVAL_MILLISECONDS = 100;
/** Computes speed and remaining time from byte counts. */
export declare class Meter {
    #private;
    /**
     * @param {number} total Bytes.
     * @param {() => number} [now] Milliseconds.
     */
    constructor(total: number, now?: () => number);
    /** Restarts the measurement after a pause, so that the pause does not lower the speed. */
    restart(): void;
    /**
     * Records a byte count and returns the progress.
     * @param {number} loaded Bytes.
     * @returns {Progress}
     */
    measure(loaded: number): Progress;
    /** Whether the next progress event is due. If so, its time is recorded. */
    isDue(): boolean;
}
