import { CloakroomError, problem } from "./errors.js";
import { retrying } from "./retry.js";

/** @import { RetryPolicy } from "./types.js" */

/** API Gateway ends every request after 29 seconds. */
const TIMEOUT_MILLISECONDS = 30_000;

/**
 * @typedef {object} CallOptions
 * @property {unknown} [body] Sent as JSON.
 * @property {Record<string, string | null | undefined>} [headers] Headers without a value are omitted.
 * @property {AbortSignal} [signal]
 * @property {boolean} [retry] Whether the request may be retried. Default: GET requests and those with an Idempotency-Key.
 * @property {boolean} [fresh] Asks the server, even if the browser has a response that may be used again.
 * @property {boolean} [waitsForNetwork] Waits for the network while the browser is offline, instead of failing.
 *
 * @typedef {{ status: number, headers: Headers, data: any }} ApiResponse
 */

/** Sends JSON requests, retries them and converts errors. It does not handle sessions. */
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
   * @returns {Promise<ApiResponse>}
   */
  send(method, path, options = {}) {
    const { signal, waitsForNetwork, headers } = options;
    const retryable = options.retry ?? (method === "GET" || headers?.["Idempotency-Key"] != null);
    const call = () => this.#once(method, path, options);
    return retrying(call, { policy: this.policy, signal, waitsForNetwork, ...(retryable ? {} : { retries: () => false }) });
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {CallOptions} options
   * @returns {Promise<ApiResponse>}
   */
  async #once(method, path, { body, headers = {}, signal, fresh }) {
    const timeout = new AbortController();
    const cancel = () => timeout.abort();
    const timer = setTimeout(cancel, TIMEOUT_MILLISECONDS);
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      const response = await fetch(this.baseUrl + path, {
        method,
        headers: present({ Accept: "application/json", "Content-Type": body && "application/json", ...headers }),
        body: body === undefined ? undefined : JSON.stringify(body),
        // Tokens are sent in a header, so cookies are never needed.
        credentials: "omit",
        cache: fresh ? "no-cache" : "default",
        signal: timeout.signal,
      });
      const data = parse(await response.text());
      if (!response.ok) throw problem(response, data);
      return { status: response.status, headers: response.headers, data };
    } catch (error) {
      if (error instanceof CloakroomError) throw error;
      signal?.throwIfAborted();
      throw timeout.signal.aborted
        ? new CloakroomError({ status: 0, code: "timeout", message: "The server did not respond in time. Try again.", cause: error })
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
    return null; // not from the API, for example a proxy's error page; the status is enough
  }
}
