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
 * What S3 says when the network garbled or delayed a request, or another one was in its way, with a status that says
 * "your fault".
 */
const TRANSIENT_REASONS = new Set([
  "RequestTimeout",
  "BadDigest",
  "IncompleteBody",
  "OperationAborted",
  "ConditionalRequestConflict",
]);

/**
 * Whether the same call may do better a little later.
 * @param {unknown} error
 * @returns {error is CloakroomError}
 */
export function isTransient(error) {
  if (error instanceof StorageError && TRANSIENT_REASONS.has(error.reason)) return true;
  return error instanceof CloakroomError && (TRANSIENT.has(error.status) || error.code === "request_in_progress");
}

/**
 * Exponential backoff with full jitter: anything from nothing to the ceiling, so that clients that failed together do
 * not come back together. `Retry-After` is the floor.
 * @param {number} attempt The one that failed, from 1.
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
 * Calls until it works, the error is final, or the policy's attempts are used up.
 * @template T
 * @param {(attempt: number) => Promise<T>} call
 * @param {object} options
 * @param {RetryPolicy} options.policy
 * @param {AbortSignal} [options.signal]
 * @param {boolean} [options.patient] Being offline uses up no attempts: it waits for the network.
 * @param {(error: unknown) => boolean} [options.retries]
 * @returns {Promise<T>}
 */
export async function retrying(call, { policy, signal, patient = false, retries = isTransient }) {
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await call(attempt);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof CloakroomError)) throw error;
      error.attempts = attempt;
      if (!retries(error)) throw error;
      if (patient && error.status === 0 && isOffline()) {
        await untilOnline(signal);
        attempt = 0;
        continue;
      }
      if (attempt >= policy.attempts || (error.retryAfter ?? 0) > policy.maxRetryAfterSeconds) throw error;
      await wait(backoff(attempt, error.retryAfter, policy), signal);
    }
  }
}

/** Browsers know for certain only when there is no network. */
const isOffline = () => globalThis.navigator?.onLine === false;

/**
 * Waits while there is no network at all.
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
