import { StorageError, retryAfterSeconds } from "./errors.js";
import { networkError } from "./http.js";

/** A transfer that moves no byte for this long is taken for dead: networks change without a word. */
const STALL_MILLISECONDS = 60_000;

/** Browsers set these by themselves, from the body and the URL, and forbid scripts to. */
const FORBIDDEN = new Set(["content-length", "host"]);

/**
 * @typedef {object} Put
 * @property {string} url Presigned.
 * @property {Record<string, string>} [headers] As signed.
 * @property {Blob} body
 * @property {AbortSignal} signal
 * @property {(loaded: number) => void} [onProgress] Bytes of this body.
 */

/**
 * Sends bytes to a presigned URL. XMLHttpRequest, because fetch does not tell how much of a body has been sent.
 * @param {Put} put
 * @returns {Promise<{ etag: string | null }>}
 */
export function put(put) {
  return typeof XMLHttpRequest === "undefined" ? putByFetch(put) : putByXhr(put);
}

/**
 * @param {Put} put
 * @returns {Promise<{ etag: string | null }>}
 */
function putByXhr({ url, headers, body, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let stalled;
    const alive = () => {
      clearTimeout(stalled);
      stalled = setTimeout(() => request.abort(), STALL_MILLISECONDS);
    };
    const cancel = () => request.abort();
    request.open("PUT", url);
    for (const [name, value] of sendable(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => (alive(), onProgress?.(event.loaded)));
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) return resolve({ etag: request.getResponseHeader("ETag") });
      const retryAfter = retryAfterSeconds(request.getResponseHeader("Retry-After"));
      reject(new StorageError(request.status, request.responseText, retryAfter));
    });
    request.addEventListener("error", () => reject(networkError()));
    request.addEventListener("abort", () => reject(signal.aborted ? signal.reason : networkError()));
    request.addEventListener("loadend", () => {
      clearTimeout(stalled);
      signal.removeEventListener("abort", cancel);
    });
    signal.addEventListener("abort", cancel);
    alive();
    request.send(body);
  });
}

/**
 * The same without progress, where there is no XMLHttpRequest: service workers, Node.
 * @param {Put} put
 */
async function putByFetch({ url, headers, body, signal, onProgress }) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(url, { method: "PUT", headers: sendable(headers), body, signal });
  } catch (error) {
    throw signal.aborted ? signal.reason : networkError(error);
  }
  const text = await response.text();
  if (!response.ok) throw new StorageError(response.status, text, retryAfterSeconds(response.headers.get("Retry-After")));
  onProgress?.(body.size);
  return { etag: response.headers.get("ETag") };
}

/**
 * @param {Record<string, string>} [headers]
 * @returns {[string, string][]}
 */
function sendable(headers = {}) {
  return Object.entries(headers).filter(([name]) => !FORBIDDEN.has(name.toLowerCase()));
}
