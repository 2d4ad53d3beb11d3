import { CloakroomError, StorageError } from "./errors.js";
import { put } from "./put.js";
import { isTransient, retrying } from "./retry.js";

/** @import { RetryPolicy, SignedPart, StoredPart } from "./types.js" */

/** The maximum number of parts that one API call signs. */
const BATCH = 100;

/** A URL is not used when it expires within this time: S3 checks the expiry when a request starts. */
const MARGIN_MILLISECONDS = 60_000;

/** @typedef {{ size: number, partSize: number, partCount: number }} PartLayout */

/**
 * Returns the byte range of a part in the file; `end` is exclusive.
 * @param {PartLayout} layout
 * @param {number} partNumber Starts at 1.
 */
export function rangeOf({ size, partSize }, partNumber) {
  const start = (partNumber - 1) * partSize;
  return { start, end: Math.min(start + partSize, size) };
}

/**
 * Returns the ETags of the complete parts, by part number. A part with a wrong size came from an interrupted request and is
 * sent again.
 * @param {PartLayout} layout
 * @param {Iterable<StoredPart>} parts
 */
export function completeParts(layout, parts) {
  /** @type {Map<number, string>} */
  const tags = new Map();
  for (const { partNumber, size, etag } of parts) {
    const { start, end } = rangeOf(layout, partNumber);
    if (partNumber <= layout.partCount && size === end - start) tags.set(partNumber, etag);
  }
  return tags;
}

/** Provides the presigned URL of each part. It requests URLs in batches. */
export class Signer {
  #sign;
  #queue;
  #now;
  /** @type {Map<number, { part: SignedPart, since: number }>} */
  #signed = new Map();
  /** @type {Promise<void> | null} */
  #pending = null;

  /**
   * @param {(partNumbers: number[]) => Promise<SignedPart[]>} sign
   * @param {Iterable<number>} queue The part numbers that will be needed, in order.
   * @param {() => number} [now] Milliseconds since 1970.
   */
  constructor(sign, queue, now = Date.now) {
    this.#sign = sign;
    this.#queue = new Set(queue);
    this.#now = now;
  }

  /**
   * @param {number} partNumber
   * @returns {Promise<SignedPart>}
   */
  async get(partNumber) {
    for (;;) {
      const known = this.#signed.get(partNumber);
      if (known && this.#isUsable(known)) return known.part;
      // Concurrent calls wait for the same request: it probably includes their parts.
      await (this.#pending ?? this.#request(partNumber));
    }
  }

  /**
   * Discards a URL that did not work or is no longer needed.
   * @param {number} partNumber
   */
  discard(partNumber) {
    this.#signed.delete(partNumber);
  }

  /** @param {number} partNumber */
  async #request(partNumber) {
    const expired = [...this.#signed].filter(([, known]) => !this.#isUsable(known)).map(([number]) => number);
    const batch = [...new Set([partNumber, ...expired, ...this.#queue])].slice(0, BATCH);
    for (const number of batch) {
      this.#queue.delete(number);
      this.#signed.delete(number);
    }
    this.#pending = this.#sign(batch)
      .then((parts) => parts.forEach((part) => this.#signed.set(part.partNumber, { part, since: this.#now() })))
      .finally(() => (this.#pending = null));
    await this.#pending;
    if (!this.#signed.has(partNumber)) {
      throw new CloakroomError({ status: 0, code: "bad_answer", message: `The server did not return a URL for part ${partNumber}. Try the upload again.` });
    }
  }

  /**
   * Whether a URL is still valid. A new URL counts as valid even if it seems expired: the local clock may be wrong.
   * @param {{ part: SignedPart, since: number }} known
   */
  #isUsable({ part, since }) {
    const now = this.#now();
    return now - since < MARGIN_MILLISECONDS || Date.parse(part.expiresAt) - now > MARGIN_MILLISECONDS;
  }
}

/**
 * Sends all parts that are missing in `tags`, several at a time, and adds their ETags to it.
 * @param {object} job
 * @param {Blob} job.file
 * @param {PartLayout} job.layout
 * @param {Map<number, string>} job.tags ETags of the uploaded parts, by part number.
 * @param {(partNumbers: number[]) => Promise<SignedPart[]>} job.sign
 * @param {number} job.parallel
 * @param {RetryPolicy} job.policy
 * @param {AbortSignal} job.signal
 * @param {(loaded: number) => void} job.onProgress Called with the bytes sent, including parts in progress.
 * @param {(loaded: number) => void} job.onPart Called with the bytes of completed parts.
 */
export async function sendParts({ file, layout, tags, sign, parallel, policy, signal, onProgress, onPart }) {
  const missing = Array.from({ length: layout.partCount }, (_, index) => index + 1).filter((number) => !tags.has(number));
  const signer = new Signer(sign, missing);
  const queue = missing.values();
  /** @type {Map<number, number>} Bytes sent of parts in progress, by part number. */
  const inProgress = new Map();
  let completed = [...tags.keys()].reduce((sum, number) => sum + lengthOf(layout, number), 0);
  const report = () => onProgress([...inProgress.values()].reduce((sum, loaded) => sum + loaded, completed));

  // If one part fails permanently, the other parts are cancelled: the upload cannot be completed.
  const others = new AbortController();
  const cancel = () => others.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", cancel);

  /** @param {number} number */
  const sendOne = async (number) => {
    const { start, end } = rangeOf(layout, number);
    const body = file.slice(start, end);
    const { url, headers } = await signer.get(number);
    try {
      const onPartProgress = (/** @type {number} */ loaded) => (inProgress.set(number, loaded), report());
      return await put({ url, headers, body, signal: others.signal, onProgress: onPartProgress });
    } catch (error) {
      // Browsers report a rejection during the body as a network error, so the URL may have expired.
      signer.discard(number);
      throw error;
    } finally {
      inProgress.delete(number);
    }
  };

  const worker = async () => {
    for (const number of queue) {
      const options = { policy, signal: others.signal, waitsForNetwork: true, retries: canRetryWithNewUrl };
      const { etag } = await retrying(() => sendOne(number), options);
      if (!etag) throw new CloakroomError({ status: 0, code: "etag_not_exposed", message: "The bucket's CORS rules do not expose the ETag header. Add it to ExposeHeaders." });
      tags.set(number, etag);
      completed += lengthOf(layout, number);
      signer.discard(number);
      onPart(completed);
      report();
    }
  };

  report();
  try {
    await Promise.all(Array.from({ length: Math.min(parallel, missing.length) }, worker));
  } catch (error) {
    others.abort(error);
    throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

/**
 * @param {PartLayout} layout
 * @param {number} partNumber
 */
function lengthOf(layout, partNumber) {
  const { start, end } = rangeOf(layout, partNumber);
  return end - start;
}

/** @param {unknown} error */
function canRetryWithNewUrl(error) {
  return isTransient(error) || (error instanceof StorageError && error.status === 403);
}
