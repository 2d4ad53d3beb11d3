import { StorageError, retryAfterSeconds } from "./errors.js";
import { networkError } from "./http.js";

/** A transfer without progress for this long is aborted: a changed network does not report an error. */
const STALL_MILLISECONDS = 60_000;

/** The same limit after the browser was offline: the old connection is probably lost, but may have survived. */
const STALL_AFTER_OFFLINE_MILLISECONDS = 5_000;

/** Browsers set these headers from the body and the URL, and do not let scripts set them. */
const FORBIDDEN = new Set(["content-length", "host"]);

/**
 * @typedef {object} PutRequest
 * @property {string} url The presigned URL.
 * @property {Record<string, string>} [headers] The signed headers.
 * @property {Blob} body
 * @property {AbortSignal} signal
 * @property {(loaded: number) => void} [onProgress] Called with the bytes sent of this body.
 */

/**
 * Sends bytes to a presigned URL. Uses XMLHttpRequest, because fetch does not report upload progress.
 * @param {PutRequest} request
 * @returns {Promise<{ etag: string | null }>}
 */
export function put(request) {
  return typeof XMLHttpRequest === "undefined" ? putByFetch(request) : putByXhr(request);
}

/**
 * @param {PutRequest} request
 * @returns {Promise<{ etag: string | null }>}
 */
function putByXhr({ url, headers, body, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let stalled;
    const restartStallTimer = (milliseconds = STALL_MILLISECONDS) => {
      clearTimeout(stalled);
      stalled = setTimeout(() => request.abort(), milliseconds);
    };
    const cancel = () => request.abort();
    const online = () => restartStallTimer(STALL_AFTER_OFFLINE_MILLISECONDS);
    request.open("PUT", url);
    for (const [name, value] of allowedHeaders(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => (restartStallTimer(), onProgress?.(event.loaded)));
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
      globalThis.removeEventListener("online", online);
    });
    signal.addEventListener("abort", cancel);
    globalThis.addEventListener("online", online);
    restartStallTimer();
    request.send(body);
  });
}

/**
 * Sends bytes with fetch where there is no XMLHttpRequest: service workers and Node. Reports no intermediate progress.
 * @param {PutRequest} request
 */
async function putByFetch({ url, headers, body, signal, onProgress }) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(url, { method: "PUT", headers: allowedHeaders(headers), body, signal });
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
function allowedHeaders(headers = {}) {
  return Object.entries(headers).filter(([name]) => !FORBIDDEN.has(name.toLowerCase()));
}
