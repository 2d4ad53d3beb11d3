import { fingerprint, sha256 } from "./digest.js";
import { CloakroomError, StorageError } from "./errors.js";
import { isSameFile } from "./journal.js";
import { Meter, REPORT_INTERVAL_MILLISECONDS } from "./meter.js";
import { completeParts, sendParts } from "./parts.js";
import { put } from "./put.js";
import { retrying } from "./retry.js";
import { holdLock } from "./storage.js";
import { thumbnailOf } from "./thumbnail.js";

/** @import { CreateUploadResponse, Multipart, Progress, RetryPolicy, SinglePut, StoredPart, StoredUpload, ThumbnailTransfer, UnfinishedUpload } from "./types.js" */
/** @import { Journal } from "./journal.js" */
/** @import { Session } from "./session.js" */
/** @import { Uploads } from "./uploads.js" */

/**
 * @typedef {"preparing" | "uploading" | "paused" | "finishing" | "stored" | "failed" | "aborted"} UploadState
 *
 * @typedef {object} UploadOptions
 * @property {string} [filename] Default: the file's own name.
 * @property {string} [contentType] Default: the file's own type.
 * @property {Blob | null} [thumbnail] A small image that stands for the file in lists: WebP, JPEG or PNG of up to 64 KiB; `null` for none.
 *   Default: made from the file if it is an image.
 * @property {number} [parallel] How many parts are sent at the same time. Default: 4.
 * @property {AbortSignal} [signal] Aborts the upload.
 * @property {(progress: Progress) => void} [onProgress]
 *
 * @typedef {object} Context
 * @property {Uploads} uploads
 * @property {Session} session
 * @property {Journal} journal
 * @property {RetryPolicy} policy
 */

/** How often the URL of a single PUT may be rejected. Each time, all bytes are sent again with a new URL. */
const MAX_REFUSALS = 2;

/** The reasons for aborting an attempt that are not failures. */
const PAUSED = new DOMException("The upload was paused.", "AbortError");
const ABORTED = new DOMException("The upload was cancelled.", "AbortError");

/**
 * The upload of one file. It starts by itself; `done` has the result. It dispatches `progress` (a CustomEvent with a
 * `Progress` as its `detail`) and `statechange`.
 */
export class Upload extends EventTarget {
  /** @type {UploadState} */
  #state = "preparing";
  #file;
  #context;
  #options;
  /** @type {UnfinishedUpload | null} The upload to resume. A new multipart upload sets it when it is created. */
  #entry;
  /** Whether the file has been compared with the upload to resume. */
  #verified = false;
  /** @type {CreateUploadResponse | null} */
  #created = null;
  /** @type {Blob | null | undefined} `undefined` until it is made. */
  #thumbnail;
  /** @type {Promise<void> | null} Resolves when the thumbnail is sent, or cannot be sent. */
  #thumbnailSent = null;
  #idempotencyKey = crypto.randomUUID();
  /** When the upload was created, in milliseconds since 1970. */
  #createdAt = 0;
  #refusals = 0;
  /** @type {Map<number, string>} ETags of the uploaded parts, by part number. */
  #tags = new Map();
  /** @type {(() => void) | null} */
  #release = null;
  #attempt = new AbortController();
  /** Resolves at `resume()` or `abort()`. */
  #resumed = Promise.resolve();
  #resolveResumed = () => {};
  #meter;
  /** @type {ReturnType<typeof setTimeout> | undefined} Reports progress that came too soon after the last report. */
  #delayedReport;

  /**
   * Called by `uploads.create` and `uploads.resume`.
   * @param {File} file
   * @param {Context} context
   * @param {UploadOptions} options
   * @param {UnfinishedUpload | null} entry
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
    /** @type {unknown} The error of a failed upload. */
    this.error = null;
    const { signal } = options;
    const cancel = () => void this.abort().catch(() => {});
    signal?.addEventListener("abort", cancel, { once: true });
    /** @type {Promise<StoredUpload>} The stored upload. Rejects with an AbortError after `abort()`. */
    this.done = this.#run().finally(() => signal?.removeEventListener("abort", cancel));
    // Callers that listen to `statechange` need not handle this rejection too.
    this.done.catch(() => {});
    if (signal?.aborted) cancel();
  }

  /** The upload's id, or `null` until the server has created the upload. */
  get id() {
    return this.#created?.upload.id ?? this.#entry?.uploadId ?? null;
  }

  get state() {
    return this.#state;
  }

  /** Stops sending until `resume()`. Uploaded parts are kept; parts in progress start again. */
  pause() {
    if (this.#state !== "preparing" && this.#state !== "uploading") return;
    this.#resumed = new Promise((resolve) => (this.#resolveResumed = resolve));
    this.#setState("paused");
    this.#attempt.abort(PAUSED);
  }

  /** Continues a paused upload. */
  resume() {
    if (this.#state !== "paused") return;
    this.#meter.restart();
    this.#setState("preparing");
    this.#resolveResumed();
  }

  /** Cancels the upload and deletes what was uploaded from the server. Does nothing once the file is stored. */
  async abort() {
    if (["stored", "failed", "aborted"].includes(this.#state)) return;
    this.#setState("aborted");
    this.#attempt.abort(ABORTED);
    this.#resolveResumed();
    const { id } = this;
    if (id) await this.#context.uploads.delete(id);
  }

  /** @returns {Promise<StoredUpload>} */
  async #run() {
    try {
      const upload = await this.#runAttempts();
      this.#setState("stored");
      return upload;
    } catch (error) {
      if (this.#state === "aborted") throw ABORTED;
      this.error = error;
      this.#setState("failed");
      throw error;
    } finally {
      clearTimeout(this.#delayedReport);
      this.#release?.();
    }
  }

  /** Runs an attempt, and another after each pause. Each attempt continues where the previous one stopped. */
  async #runAttempts() {
    for (;;) {
      this.#attempt = new AbortController();
      const { signal } = this.#attempt;
      try {
        return await this.#attemptOnce(signal);
      } catch (error) {
        if (signal.reason !== PAUSED) throw error;
        await this.#resumed;
        if (this.#state === "aborted") throw ABORTED;
      }
    }
  }

  /** @param {AbortSignal} signal */
  async #attemptOnce(signal) {
    if (this.#entry && !this.#verified) await this.#verify(this.#entry);
    signal.throwIfAborted();
    if (this.#entry) return await this.#sendMany(this.#entry, signal);
    const { upload, transfer, thumbnailTransfer } = (this.#created ??= await this.#create(signal));
    signal.throwIfAborted();
    if (thumbnailTransfer) this.#thumbnailSent ??= this.#sendThumbnail(thumbnailTransfer, signal);
    if (transfer.method === "PUT") return await this.#sendOne(transfer, signal);
    this.#entry = await this.#begin(upload, transfer);
    this.#verified = true;
    return await this.#sendMany(this.#entry, signal);
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<CreateUploadResponse>}
   */
  async #create(signal) {
    const type = this.#options.contentType || this.#file.type || "application/octet-stream";
    const { size } = this.#file;
    // Made once, because a repeated request must have the same body.
    const chosen = this.#options.thumbnail;
    if (this.#thumbnail === undefined) this.#thumbnail = chosen === undefined ? await thumbnailOf(this.#file, type) : chosen;
    const thumbnail = this.#thumbnail ? { contentType: this.#thumbnail.type, size: this.#thumbnail.size } : undefined;
    const body = { filename: this.filename, contentType: type, size, sha256: await this.#digest(), thumbnail };
    signal.throwIfAborted();
    // Uses the same key after a pause, so the server returns the upload it created for the cancelled request.
    const headers = { "Idempotency-Key": this.#idempotencyKey };
    const { data } = await this.#context.session.call("POST", "/uploads", { body, headers, signal, waitsForNetwork: true });
    this.#createdAt = Date.now();
    return data;
  }

  /**
   * Sends the thumbnail. The file is uploaded also if this fails.
   * @param {ThumbnailTransfer} transfer
   * @param {AbortSignal} signal
   */
  async #sendThumbnail({ url, headers }, signal) {
    try {
      const body = /** @type {Blob} */ (this.#thumbnail);
      await retrying(() => put({ url, headers, body, signal }), { policy: this.#context.policy, signal, waitsForNetwork: true });
    } catch {
      if (signal.reason === PAUSED) this.#thumbnailSent = null; // sent again after the pause
    }
  }

  /** Hashes files that are sent in one request. Hashing reads the whole file into memory. */
  async #digest() {
    return this.#file.size <= this.#context.uploads.singlePutBytes ? await sha256(this.#file) : undefined;
  }

  /**
   * Sends all bytes in one request. Its URL cannot be renewed: when it expires, the upload starts again.
   * @param {SinglePut} transfer
   * @param {AbortSignal} signal
   */
  async #sendOne({ url, headers, expiresAt }, signal) {
    this.#setState("uploading");
    // A new URL is used even if it seems expired: the local clock may be wrong.
    const old = Date.now() - this.#createdAt > 60_000;
    if (old && Date.parse(expiresAt) < Date.now()) return await this.#restart(signal);
    try {
      const send = () => put({ url, headers, body: this.#file, signal, onProgress: (loaded) => this.#reportProgress(loaded) });
      await retrying(send, { policy: this.#context.policy, signal, waitsForNetwork: true });
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (error.status === 403 && this.#refusals++ < MAX_REFUSALS) return await this.#restart(signal);
      // `If-None-Match: *` failed: an earlier request stored the bytes, but its response was lost.
      if (error.status !== 412) throw error;
    }
    return await this.#complete({}, signal);
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<StoredUpload>}
   */
  async #restart(signal) {
    const old = this.id;
    this.#created = null;
    this.#thumbnailSent = null;
    this.#idempotencyKey = crypto.randomUUID();
    // If deleting fails, the old upload only uses quota until it expires.
    if (old) await this.#context.uploads.delete(old).catch(() => {});
    return await this.#attemptOnce(signal);
  }

  /**
   * @param {StoredUpload} upload
   * @param {Multipart} transfer
   * @returns {Promise<UnfinishedUpload>}
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

  /** @param {UnfinishedUpload} entry */
  async #verify(entry) {
    if (!isSameFile(entry, this.#file, await fingerprint(this.#file))) {
      const message = `This is not the file that the upload of “${entry.filename}” started with, or the file has changed. Choose the original file.`;
      throw new CloakroomError({ status: 0, code: "file_mismatch", message });
    }
    this.#verified = true;
  }

  /**
   * @param {UnfinishedUpload} entry
   * @param {AbortSignal} signal
   */
  async #sendMany(entry, signal) {
    this.#release ??= await holdLock(lockName(entry.uploadId));
    if (!this.#release) {
      const message = "This file is being uploaded in another tab. Continue there.";
      throw new CloakroomError({ status: 0, code: "upload_in_progress", message });
    }
    this.#setState("uploading");
    try {
      await this.#sendMissing(entry, signal);
      return await this.#finishMany(entry, signal);
    } catch (error) {
      // Cancelled elsewhere or expired: there is nothing to resume.
      if (error instanceof CloakroomError && error.status === 404) this.#context.journal.remove(entry.uploadId);
      throw error;
    }
  }

  /**
   * @param {UnfinishedUpload} entry
   * @param {AbortSignal} signal
   */
  async #finishMany(entry, signal) {
    const complete = () => {
      const parts = [...this.#tags].sort(([a], [b]) => a - b).map(([partNumber, etag]) => ({ partNumber, etag }));
      return this.#complete({ parts }, signal);
    };
    const upload = await complete().catch(async (error) => {
      if (!(error instanceof CloakroomError) || error.code !== "upload_incomplete") throw error;
      // Some parts that counted as uploaded are missing: send them again, but only once.
      this.#setState("uploading");
      await this.#sendMissing(entry, signal);
      return await complete();
    });
    this.#context.journal.remove(entry.uploadId);
    return upload;
  }

  /**
   * Lists the uploaded parts and sends the missing ones.
   * @param {UnfinishedUpload} entry
   * @param {AbortSignal} signal
   */
  async #sendMissing(entry, signal) {
    const { uploads, session, journal, policy } = this.#context;
    /** @type {StoredPart[]} */
    const arrived = [];
    for await (const part of uploads.parts(entry.uploadId, { signal })) arrived.push(part);
    this.#tags = completeParts(entry, arrived);
    const path = `/uploads/${encodeURIComponent(entry.uploadId)}/parts`;
    await sendParts({
      file: this.#file,
      layout: entry,
      tags: this.#tags,
      parallel: this.#options.parallel ?? 4,
      policy,
      signal,
      sign: async (partNumbers) => {
        // Signing has no side effects, so it may be retried.
        const options = { body: { partNumbers }, signal, retry: true, waitsForNetwork: true };
        return (await session.call("POST", path, options)).data.parts;
      },
      onProgress: (loaded) => this.#reportProgress(loaded),
      onPart: (loaded) => journal.write({ ...entry, loaded }),
    });
  }

  /**
   * @param {object} body
   * @param {AbortSignal} signal
   * @returns {Promise<StoredUpload>}
   */
  async #complete(body, signal) {
    await this.#thumbnailSent;
    signal.throwIfAborted();
    const { uploads, session } = this.#context;
    const id = /** @type {string} */ (this.id);
    this.#setState("finishing");
    this.#reportProgress(this.size, true);
    try {
      const path = `/uploads/${encodeURIComponent(id)}/complete`;
      const { data } = await session.call("POST", path, { body, signal, retry: true, waitsForNetwork: true });
      return data.upload;
    } catch (error) {
      // The upload may already be complete: the response to an earlier attempt may have been lost.
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
  #reportProgress(loaded, last = false) {
    this.progress = this.#meter.measure(loaded);
    clearTimeout(this.#delayedReport);
    if (!last && !this.#meter.isDue()) {
      // Reports this progress later, in case no further event follows soon.
      this.#delayedReport = setTimeout(() => this.#state === "uploading" && this.#reportProgress(this.progress.loaded), REPORT_INTERVAL_MILLISECONDS);
      return;
    }
    this.#options.onProgress?.(this.progress);
    this.dispatchEvent(new CustomEvent("progress", { detail: this.progress }));
  }

  /** @param {UploadState} state */
  #setState(state) {
    // An aborted upload stays aborted, even if a running attempt reports another state.
    if (this.#state === state || this.#state === "aborted") return;
    this.#state = state;
    this.dispatchEvent(new Event("statechange"));
  }
}

/** Returns the name of the lock that the tab uploading a file holds. @param {string} uploadId */
export const lockName = (uploadId) => `cloakroom:upload:${uploadId}`;
