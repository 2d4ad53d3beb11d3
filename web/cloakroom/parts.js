import { CloakroomError, StorageError } from "./errors.js";
import { put } from "./put.js";
import { isTransient, retrying } from "./retry.js";

/** @import { RetryPolicy, SignedPart, StoredPart } from "./types.js" */

/** The API signs at most this many parts in one call. */
const BATCH = 100;

/** A URL that ends within this time is not used any more: a request must at least begin before. */
const MARGIN_MILLISECONDS = 60_000;

/** @typedef {{ size: number, partSize: number, partCount: number }} Plan */

/**
 * Where a part lies in the file, in bytes; `end` is the first byte after it.
 * @param {Plan} plan
 * @param {number} partNumber From 1.
 */
export function rangeOf({ size, partSize }, partNumber) {
  const start = (partNumber - 1) * partSize;
  return { start, end: Math.min(start + partSize, size) };
}

/**
 * The parts that are there in full, by number. One of another size is from a request that was cut off: it is sent again.
 * @param {Plan} plan
 * @param {Iterable<StoredPart>} parts
 */
export function intact(plan, parts) {
  /** @type {Map<number, string>} */
  const tags = new Map();
  for (const { partNumber, size, etag } of parts) {
    const { start, end } = rangeOf(plan, partNumber);
    if (partNumber <= plan.partCount && size === end - start) tags.set(partNumber, etag);
  }
  return tags;
}

/** Gives each part its URL, and asks the API for many at a time. */
export class Signer {
  #sign;
  #queue;
  #now;
  /** @type {Map<number, { part: SignedPart, since: number }>} */
  #signed = new Map();
  /** @type {Promise<void> | null} */
  #asking = null;

  /**
   * @param {(partNumbers: number[]) => Promise<SignedPart[]>} sign
   * @param {Iterable<number>} queue The parts that will be asked for, in this order.
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
      // Who asks meanwhile waits for the same answer: it probably has their part, too.
      await (this.#asking ?? this.#ask(partNumber));
    }
  }

  /**
   * The URL did not work, or is not needed any more.
   * @param {number} partNumber
   */
  forget(partNumber) {
    this.#signed.delete(partNumber);
  }

  /** @param {number} partNumber */
  async #ask(partNumber) {
    const expired = [...this.#signed].filter(([, known]) => !this.#isUsable(known)).map(([number]) => number);
    const batch = [...new Set([partNumber, ...expired, ...this.#queue])].slice(0, BATCH);
    for (const number of batch) {
      this.#queue.delete(number);
      this.#signed.delete(number);
    }
    this.#asking = this.#sign(batch)
      .then((parts) => parts.forEach((part) => this.#signed.set(part.partNumber, { part, since: this.#now() })))
      .finally(() => (this.#asking = null));
    await this.#asking;
    if (!this.#signed.has(partNumber)) {
      throw new CloakroomError({ status: 0, code: "bad_answer", message: `Part ${partNumber} was not signed.` });
    }
  }

  /**
   * A URL that has just come is used whatever its time says: this machine's clock may be wrong.
   * @param {{ part: SignedPart, since: number }} known
   */
  #isUsable({ part, since }) {
    const now = this.#now();
    return now - since < MARGIN_MILLISECONDS || Date.parse(part.expiresAt) - now > MARGIN_MILLISECONDS;
  }
}

/**
 * Sends all parts that are missing in `tags`, several at a time, and adds their tags to it.
 * @param {object} job
 * @param {Blob} job.file
 * @param {Plan} job.plan
 * @param {Map<number, string>} job.tags ETags of the parts that are there.
 * @param {(partNumbers: number[]) => Promise<SignedPart[]>} job.sign
 * @param {number} job.parallel
 * @param {RetryPolicy} job.policy
 * @param {AbortSignal} job.signal
 * @param {(loaded: number) => void} job.onProgress Bytes of the file.
 * @param {(loaded: number) => void} job.onPart Bytes that are there for good.
 */
export async function sendParts({ file, plan, tags, sign, parallel, policy, signal, onProgress, onPart }) {
  const missing = Array.from({ length: plan.partCount }, (_, index) => index + 1).filter((number) => !tags.has(number));
  const signer = new Signer(sign, missing);
  const queue = missing.values();
  /** @type {Map<number, number>} Bytes on their way, by part. */
  const moving = new Map();
  let there = [...tags.keys()].reduce((sum, number) => sum + lengthOf(plan, number), 0);
  const tell = () => onProgress([...moving.values()].reduce((sum, loaded) => sum + loaded, there));

  // One part that fails for good ends the others: there is nothing left for them to be part of.
  const others = new AbortController();
  const cancel = () => others.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", cancel);

  /** @param {number} number */
  const sendOne = async (number) => {
    const { start, end } = rangeOf(plan, number);
    const body = file.slice(start, end);
    const { url, headers } = await signer.get(number);
    try {
      const onPartProgress = (/** @type {number} */ loaded) => (moving.set(number, loaded), tell());
      return await put({ url, headers, body, signal: others.signal, onProgress: onPartProgress });
    } catch (error) {
      // A browser reports a refusal in the middle of a body as a network error, so that may be an expired URL, too.
      signer.forget(number);
      throw error;
    } finally {
      moving.delete(number);
    }
  };

  const worker = async () => {
    for (const number of queue) {
      const options = { policy, signal: others.signal, patient: true, retries: isWorthAnotherUrl };
      const { etag } = await retrying(() => sendOne(number), options);
      if (!etag) throw new CloakroomError({ status: 0, code: "etag_not_exposed", message: "The bucket's CORS rules must expose ETag." });
      tags.set(number, etag);
      there += lengthOf(plan, number);
      signer.forget(number);
      onPart(there);
      tell();
    }
  };

  tell();
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
 * @param {Plan} plan
 * @param {number} partNumber
 */
function lengthOf(plan, partNumber) {
  const { start, end } = rangeOf(plan, partNumber);
  return end - start;
}

/** @param {unknown} error */
function isWorthAnotherUrl(error) {
  return isTransient(error) || (error instanceof StorageError && error.status === 403);
}
