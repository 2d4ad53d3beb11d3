import { CloakroomError } from "./errors.js";
import type { RetryPolicy } from "./types.js";
/** @import { RetryPolicy } from "./types.js" */
/** @type {RetryPolicy} */
export declare const DEFAULT_POLICY: RetryPolicy;
/**
 * Whether the same call may succeed if it is retried.
 * @param {unknown} error
 * @returns {error is CloakroomError}
 */
export declare function isTransient(error: unknown): error is CloakroomError;
/**
 * Computes exponential backoff with full jitter: a random wait between zero and the ceiling, so that clients that failed
 * together do not retry together. `Retry-After` is added as the minimum.
 * @param {number} attempt The number of the failed attempt, starting at 1.
 * @param {number | null} retryAfter Seconds.
 * @param {RetryPolicy} policy
 * @param {() => number} [random]
 * @returns {number} Milliseconds.
 */
export declare function backoff(attempt: number, retryAfter: number | null, policy: RetryPolicy, random?: () => number): number;
/**
 * Calls `call` until it succeeds, fails with an error that is not retryable, or reaches the policy's maximum of attempts.
 * @template T
 * @param {(attempt: number) => Promise<T>} call
 * @param {object} options
 * @param {RetryPolicy} options.policy
 * @param {AbortSignal} [options.signal]
 * @param {boolean} [options.waitsForNetwork] While offline, waits for the network and counts no attempts.
 * @param {(error: unknown) => boolean} [options.retries]
 * @returns {Promise<T>}
 */
export declare function retrying<T>(call: (attempt: number) => Promise<T>, { policy, signal, waitsForNetwork, retries }: {
    policy: RetryPolicy;
    signal?: AbortSignal;
    waitsForNetwork?: boolean;
    retries?: (error: unknown) => boolean;
}): Promise<T>;
/**
 * Waits until the browser is online.
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export declare function untilOnline(signal?: AbortSignal): Promise<void>;
