import { CloakroomError, problem } from "./errors.js";
import { retrying } from "./retry.js";

/** @import { RetryPolicy } from "./types.js" */

/** The API answers within 29 seconds or not at all; most of it within ten. */
const TIMEOUT_MILLISECONDS = 30_000;

/**
 * @typedef {object} CallOptions
 * @property {unknown} [body] Sent as JSON.
 * @property {Record<string, string | null | undefined>} [headers] Those without a value are left out.
 * @property {AbortSignal} [signal]
 * @property {boolean} [retry] Whether sending it twice does no harm. Reads are, and what has an Idempotency-Key.
 * @property {boolean} [patient] Being offline is no failure: wait for the network.
 *
 * @typedef {{ status: number, headers: Headers, data: any }} Answer
 */

/** JSON over HTTP: one call, its retries, its errors. Knows nothing of sessions. */
export class Http {
  /**
   * @param {string} baseUrl
   * @param {RetryPolicy} policy
   */
  constructor(baseUrl, policy) {
    this.baseUrl = baseUrl.replace(/\/+$/, "");
    this.policy = policy;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {CallOptions} [options]
   * @returns {Promise<Answer>}
   */
  send(method, path, options = {}) {
    const { signal, patient, headers } = options;
    const harmless = options.retry ?? (method === "GET" || headers?.["Idempotency-Key"] != null);
    const call = () => this.#once(method, path, options);
    return retrying(call, { policy: this.policy, signal, patient, ...(harmless ? {} : { retries: () => false }) });
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {CallOptions} options
   * @returns {Promise<Answer>}
   */
  async #once(method, path, { body, headers = {}, signal }) {
    const timeout = new AbortController();
    const cancel = () => timeout.abort();
    const timer = setTimeout(cancel, TIMEOUT_MILLISECONDS);
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      const response = await fetch(this.baseUrl + path, {
        method,
        headers: present({ Accept: "application/json", "Content-Type": body && "application/json", ...headers }),
        body: body === undefined ? undefined : JSON.stringify(body),
        // Tokens travel in a header; a cookie would only be an accident.
        credentials: "omit",
        signal: timeout.signal,
      });
      const data = parse(await response.text());
      if (!response.ok) throw problem(response, data);
      return { status: response.status, headers: response.headers, data };
    } catch (error) {
      if (error instanceof CloakroomError) throw error;
      signal?.throwIfAborted();
      throw timeout.signal.aborted
        ? new CloakroomError({ status: 0, code: "timeout", message: "The server did not answer in time.", cause: error })
        : networkError(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
    }
  }
}

/** @param {unknown} [cause] */
export function networkError(cause) {
  const message = "The server could not be reached. Check the connection and try again.";
  return new CloakroomError({ status: 0, code: "network_error", message, cause });
}

/**
 * @param {Record<string, any>} headers
 * @returns {Record<string, string>}
 */
function present(headers) {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value != null));
}

/** @param {string} text */
function parse(text) {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return null; // not ours: a proxy's page, for example; the status says enough
  }
}
