import { CloakroomError, StorageError } from "./errors.js";

/** @import { RetryPolicy } from "./types.js" */

/** @type {RetryPolicy} */
export const DEFAULT_POLICY = {
  attempts: 5,
  baseMilliseconds: 400,
  maxMilliseconds: 20_000,
  maxRetryAfterSeconds: 60,
};

const TRANSIENT = new Set([0, 408, 429, 500, 502, 503, 504]);

/**
 * S3 error codes with a 4xx status that are still transient: the network corrupted or delayed a request, or an earlier
 * request for the same object is not finished.
 */
const TRANSIENT_REASONS = new Set([
  "BadDigest",
  "ConditionalRequestConflict",
  "IncompleteBody",
  "OperationAborted",
  "RequestTimeout",
]);

/**
 * Whether the same call may succeed if it is retried.
 * @param {unknown} error
 * @returns {error is CloakroomError}
 */
export function isTransient(error) {
  if (error instanceof StorageError && TRANSIENT_REASONS.has(error.reason)) return true;
  return error instanceof CloakroomError && (TRANSIENT.has(error.status) || error.code === "request_in_progress");
}

/**
 * Computes exponential backoff with full jitter: a random wait between zero and the ceiling, so that clients that failed
 * together do not retry together. `Retry-After` is added as the minimum.
 * @param {number} attempt The number of the failed attempt, starting at 1.
 * @param {number | null} retryAfter Seconds.
 * @param {RetryPolicy} policy
 * @param {() => number} [random]
 * @returns {number} Milliseconds.
 */
export function backoff(attempt, retryAfter, policy, random = Math.random) {
  const ceiling = Math.min(policy.maxMilliseconds, policy.baseMilliseconds * 2 ** (attempt - 1));
  return (retryAfter ?? 0) * 1000 + random() * ceiling;
}

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
export async function retrying(call, { policy, signal, waitsForNetwork = false, retries = isTransient }) {
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await call(attempt);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof CloakroomError)) throw error;
      error.attempts = attempt;
      if (!retries(error)) throw error;
      if (waitsForNetwork && error.status === 0 && isOffline()) {
        await untilOnline(signal);
        attempt = 0;
        continue;
      }
      if (attempt >= policy.attempts || (error.retryAfter ?? 0) > policy.maxRetryAfterSeconds) throw error;
      await wait(backoff(attempt, error.retryAfter, policy), signal);
    }
  }
}

/** `onLine` is reliable only when it is false. */
const isOffline = () => globalThis.navigator?.onLine === false;

/**
 * Waits until the browser is online.
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function untilOnline(signal) {
  if (!isOffline()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const listening = new AbortController();
    const once = { signal: listening.signal };
    globalThis.addEventListener("online", () => (listening.abort(), resolve()), once);
    signal?.addEventListener("abort", () => (listening.abort(), reject(signal.reason)), once);
  });
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
function wait(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
