import { fingerprint, sha256 } from "./digest.js";
import { CloakroomError, StorageError } from "./errors.js";
import { isSameFile } from "./journal.js";
import { Meter, QUIET_MILLISECONDS } from "./meter.js";
import { intact, sendParts } from "./parts.js";
import { put } from "./put.js";
import { retrying } from "./retry.js";
import { hold } from "./storage.js";

/** @import { Multipart, Progress, RetryPolicy, SinglePut, StoredPart, StoredUpload, Ticket, Unfinished } from "./types.js" */
/** @import { Journal } from "./journal.js" */
/** @import { Session } from "./session.js" */
/** @import { Uploads } from "./uploads.js" */

/**
 * @typedef {"preparing" | "uploading" | "paused" | "finishing" | "stored" | "failed" | "aborted"} UploadState
 *
 * @typedef {object} UploadOptions
 * @property {string} [filename] Default: the file's own name.
 * @property {string} [contentType] Default: the file's own type.
 * @property {number} [parallel] How many parts are sent at once. Default: 4.
 * @property {AbortSignal} [signal] Aborts the upload.
 * @property {(progress: Progress) => void} [onProgress]
 *
 * @typedef {object} Context
 * @property {Uploads} uploads
 * @property {Session} session
 * @property {Journal} journal
 * @property {RetryPolicy} policy
 */

/** How often the store may refuse the URL of a single PUT: each time all bytes are sent anew. */
const MAX_REFUSALS = 2;

/** Why an attempt ended although nothing failed. */
const PAUSED = new DOMException("The upload was paused.", "AbortError");
const ABORTED = new DOMException("The upload was cancelled.", "AbortError");

/**
 * One file on its way. Begins by itself; `done` has the outcome. Dispatches `progress` (a CustomEvent with a `Progress`
 * as its `detail`) and `statechange`.
 */
export class Upload extends EventTarget {
  /** @type {UploadState} */
  #state = "preparing";
  #file;
  #context;
  #options;
  /** @type {Unfinished | null} What is being resumed; a new upload of many parts gets one when it is known. */
  #entry;
  /** Whether the file has been compared with what is being resumed. */
  #verified = false;
  /** @type {Ticket | null} */
  #ticket = null;
  #idempotencyKey = crypto.randomUUID();
  /** When the ticket came. Milliseconds since 1970. */
  #ticketAt = 0;
  #refusals = 0;
  /** @type {Map<number, string>} ETags of the parts that have arrived, by number. */
  #tags = new Map();
  /** @type {(() => void) | null} */
  #release = null;
  #attempt = new AbortController();
  /** Settles at `resume()` or `abort()`. */
  #resumed = Promise.resolve();
  #goOn = () => {};
  #meter;
  /** @type {ReturnType<typeof setTimeout> | undefined} Tells what came too soon after the last time. */
  #later;

  /**
   * Made by `uploads.create` and `uploads.resume`.
   * @param {File} file
   * @param {Context} context
   * @param {UploadOptions} options
   * @param {Unfinished | null} entry
   */
  constructor(file, context, options, entry) {
    super();
    this.#file = file;
    this.#context = context;
    this.#options = options;
    this.#entry = entry;
    this.#meter = new Meter(file.size);
    this.filename = entry?.filename ?? options.filename ?? file.name;
    this.size = file.size;
    /** @type {Progress} */
    this.progress = { loaded: entry?.loaded ?? 0, total: file.size, bytesPerSecond: 0, remainingSeconds: null };
    /** @type {unknown} Why it failed. */
    this.error = null;
    const { signal } = options;
    const cancel = () => void this.abort().catch(() => {});
    signal?.addEventListener("abort", cancel, { once: true });
    /** @type {Promise<StoredUpload>} The stored upload. Rejects with an AbortError after `abort()`. */
    this.done = this.#run().finally(() => signal?.removeEventListener("abort", cancel));
    // Who listens to `statechange` need not look here as well.
    this.done.catch(() => {});
    if (signal?.aborted) cancel();
  }

  /** The upload's id, as soon as the server has given one. */
  get id() {
    return this.#ticket?.upload.id ?? this.#entry?.uploadId ?? null;
  }

  get state() {
    return this.#state;
  }

  /** Stops sending until `resume()`. Parts that have arrived stay; the others are sent from their beginning. */
  pause() {
    if (this.#state !== "preparing" && this.#state !== "uploading") return;
    this.#resumed = new Promise((resolve) => (this.#goOn = resolve));
    this.#become("paused");
    this.#attempt.abort(PAUSED);
  }

  resume() {
    if (this.#state !== "paused") return;
    this.#meter.restart();
    this.#become("preparing");
    this.#goOn();
  }

  /** Gives the upload up and has the server forget what has arrived. Does nothing once the file is stored. */
  async abort() {
    if (["stored", "failed", "aborted"].includes(this.#state)) return;
    this.#become("aborted");
    this.#attempt.abort(ABORTED);
    this.#goOn();
    const { id } = this;
    if (id) await this.#context.uploads.delete(id);
  }

  /** @returns {Promise<StoredUpload>} */
  async #run() {
    try {
      const upload = await this.#runAttempts();
      this.#become("stored");
      return upload;
    } catch (error) {
      if (this.#state === "aborted") throw ABORTED;
      this.error = error;
      this.#become("failed");
      throw error;
    } finally {
      clearTimeout(this.#later);
      this.#release?.();
    }
  }

  /** One attempt, and another after each pause: an attempt goes on from whatever the ones before it have done. */
  async #runAttempts() {
    for (;;) {
      this.#attempt = new AbortController();
      const { signal } = this.#attempt;
      try {
        return await this.#once(signal);
      } catch (error) {
        if (signal.reason !== PAUSED) throw error;
        await this.#resumed;
        if (this.#state === "aborted") throw ABORTED;
      }
    }
  }

  /** @param {AbortSignal} signal */
  async #once(signal) {
    if (this.#entry && !this.#verified) await this.#verify(this.#entry);
    signal.throwIfAborted();
    if (this.#entry) return await this.#sendMany(this.#entry, signal);
    const { upload, transfer } = (this.#ticket ??= await this.#create(signal));
    signal.throwIfAborted();
    if (transfer.method === "PUT") return await this.#sendOne(transfer, signal);
    this.#entry = await this.#begin(upload, transfer);
    this.#verified = true;
    return await this.#sendMany(this.#entry, signal);
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<Ticket>}
   */
  async #create(signal) {
    const type = this.#options.contentType || this.#file.type || "application/octet-stream";
    const { size } = this.#file;
    const body = { filename: this.filename, contentType: type, size, sha256: await this.#digest() };
    signal.throwIfAborted();
    // The same key after a pause: what the server made for the cancelled request is what we get.
    const headers = { "Idempotency-Key": this.#idempotencyKey };
    const { data } = await this.#context.session.call("POST", "/uploads", { body, headers, signal, patient: true });
    this.#ticketAt = Date.now();
    return data;
  }

  /** Hashing reads the whole file into memory, so it is for files that go in one piece. */
  async #digest() {
    return this.#file.size <= this.#context.uploads.singlePutBytes ? await sha256(this.#file) : undefined;
  }

  /**
   * One request with all bytes. Its URL can't be signed again: when it expires, the upload begins anew.
   * @param {SinglePut} transfer
   * @param {AbortSignal} signal
   */
  async #sendOne({ url, headers, expiresAt }, signal) {
    this.#become("uploading");
    // One that has just come is used whatever its time says: the clock here may be wrong.
    const old = Date.now() - this.#ticketAt > 60_000;
    if (old && Date.parse(expiresAt) < Date.now()) return await this.#anew(signal);
    try {
      const send = () => put({ url, headers, body: this.#file, signal, onProgress: (loaded) => this.#moved(loaded) });
      await retrying(send, { policy: this.#context.policy, signal, patient: true });
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (error.status === 403 && this.#refusals++ < MAX_REFUSALS) return await this.#anew(signal);
      // `If-None-Match: *` failed: the answer to an earlier request was lost, but its bytes are there.
      if (error.status !== 412) throw error;
    }
    return await this.#complete({}, signal);
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<StoredUpload>}
   */
  async #anew(signal) {
    const old = this.id;
    this.#ticket = null;
    this.#idempotencyKey = crypto.randomUUID();
    // It would only use up quota until the server clears it away; that is no reason to fail.
    if (old) await this.#context.uploads.delete(old).catch(() => {});
    return await this.#once(signal);
  }

  /**
   * @param {StoredUpload} upload
   * @param {Multipart} transfer
   * @returns {Promise<Unfinished>}
   */
  async #begin(upload, { partSize, partCount }) {
    const entry = {
      uploadId: upload.id,
      userId: this.#context.session.state.user?.id ?? "",
      filename: upload.filename,
      contentType: upload.contentType,
      size: this.#file.size,
      lastModified: this.#file.lastModified,
      fingerprint: await fingerprint(this.#file),
      partSize,
      partCount,
      loaded: 0,
      startedAt: upload.createdAt,
    };
    this.#context.journal.write(entry);
    return entry;
  }

  /** @param {Unfinished} entry */
  async #verify(entry) {
    if (!isSameFile(entry, this.#file, await fingerprint(this.#file))) {
      const message = `That is not the file that the upload of “${entry.filename}” began with, or it has changed since.`;
      throw new CloakroomError({ status: 0, code: "file_mismatch", message });
    }
    this.#verified = true;
  }

  /**
   * @param {Unfinished} entry
   * @param {AbortSignal} signal
   */
  async #sendMany(entry, signal) {
    this.#release ??= await hold(lockName(entry.uploadId));
    if (!this.#release) {
      const message = "This file is being uploaded in another tab.";
      throw new CloakroomError({ status: 0, code: "upload_in_progress", message });
    }
    this.#become("uploading");
    try {
      await this.#sendMissing(entry, signal);
      return await this.#finishMany(entry, signal);
    } catch (error) {
      // Given up elsewhere, or cleared away as abandoned: there is nothing left to resume.
      if (error instanceof CloakroomError && error.status === 404) this.#context.journal.remove(entry.uploadId);
      throw error;
    }
  }

  /**
   * @param {Unfinished} entry
   * @param {AbortSignal} signal
   */
  async #finishMany(entry, signal) {
    const complete = () => {
      const parts = [...this.#tags].sort(([a], [b]) => a - b).map(([partNumber, etag]) => ({ partNumber, etag }));
      return this.#complete({ parts }, signal);
    };
    const upload = await complete().catch(async (error) => {
      if (!(error instanceof CloakroomError) || error.code !== "upload_incomplete") throw error;
      // What we hold for sent is not there after all: send what is missing, but only once more.
      this.#become("uploading");
      await this.#sendMissing(entry, signal);
      return await complete();
    });
    this.#context.journal.remove(entry.uploadId);
    return upload;
  }

  /**
   * Asks what has arrived and sends the rest.
   * @param {Unfinished} entry
   * @param {AbortSignal} signal
   */
  async #sendMissing(entry, signal) {
    const { uploads, session, journal, policy } = this.#context;
    /** @type {StoredPart[]} */
    const arrived = [];
    for await (const part of uploads.parts(entry.uploadId, signal)) arrived.push(part);
    this.#tags = intact(entry, arrived);
    const path = `/uploads/${encodeURIComponent(entry.uploadId)}/parts`;
    await sendParts({
      file: this.#file,
      plan: entry,
      tags: this.#tags,
      parallel: this.#options.parallel ?? 4,
      policy,
      signal,
      sign: async (partNumbers) => {
        // Signing makes nothing, so it may be asked for twice.
        const options = { body: { partNumbers }, signal, retry: true, patient: true };
        return (await session.call("POST", path, options)).data.parts;
      },
      onProgress: (loaded) => this.#moved(loaded),
      onPart: (loaded) => journal.write({ ...entry, loaded }),
    });
  }

  /**
   * @param {object} body
   * @param {AbortSignal} signal
   * @returns {Promise<StoredUpload>}
   */
  async #complete(body, signal) {
    signal.throwIfAborted();
    const { uploads, session } = this.#context;
    const id = /** @type {string} */ (this.id);
    this.#become("finishing");
    this.#moved(this.size, true);
    try {
      const path = `/uploads/${encodeURIComponent(id)}/complete`;
      const { data } = await session.call("POST", path, { body, signal, retry: true, patient: true });
      return data.upload;
    } catch (error) {
      // The answer to an earlier try may have been lost: then it is done already.
      if (!(error instanceof CloakroomError) || error.attempts === 1 || error.status === 0) throw error;
      const upload = await uploads.get(id, { signal }).catch(() => null);
      if (upload?.status !== "stored") throw error;
      return upload;
    }
  }

  /**
   * @param {number} loaded
   * @param {boolean} [last]
   */
  #moved(loaded, last = false) {
    this.progress = this.#meter.measure(loaded);
    clearTimeout(this.#later);
    if (!last && !this.#meter.isDue()) {
      // It may be the last that moves for long, and should be seen while nothing does.
      this.#later = setTimeout(() => this.#state === "uploading" && this.#moved(this.progress.loaded), QUIET_MILLISECONDS);
      return;
    }
    this.#options.onProgress?.(this.progress);
    this.dispatchEvent(new CustomEvent("progress", { detail: this.progress }));
  }

  /** @param {UploadState} state */
  #become(state) {
    // Once aborted it stays so, whatever an attempt that is still winding down reports.
    if (this.#state === state || this.#state === "aborted") return;
    this.#state = state;
    this.dispatchEvent(new Event("statechange"));
  }
}

/** @param {string} uploadId */
export const lockName = (uploadId) => `cloakroom:upload:${uploadId}`;
