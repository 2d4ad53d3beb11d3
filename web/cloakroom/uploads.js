import { fingerprint } from "./digest.js";
import { CloakroomError } from "./errors.js";
import { isSameFile } from "./journal.js";
import { Pages, withQuery } from "./pages.js";
import { heldLocks } from "./storage.js";
import { Upload, lockName } from "./upload.js";

/** @import { RetryPolicy, StoredPart, StoredUpload, Unfinished, UploadVersion } from "./types.js" */
/** @import { Journal } from "./journal.js" */
/** @import { Session } from "./session.js" */
/** @import { UploadOptions } from "./upload.js" */

/** @typedef {{ signal?: AbortSignal }} Cancellable */

/** The caller's own files. */
export class Uploads {
  /** Files up to this size are hashed and sent in one piece; the server decides by the same number. */
  singlePutBytes = 100 * 1024 * 1024;
  #session;
  #journal;
  #policy;
  /** @type {Set<Upload>} Those of this page that are not over. */
  #running = new Set();

  /**
   * @param {Session} session
   * @param {Journal} journal
   * @param {RetryPolicy} policy
   */
  constructor(session, journal, policy) {
    this.#session = session;
    this.#journal = journal;
    this.#policy = policy;
  }

  /**
   * @param {Cancellable & { limit?: number }} [options] `limit`: how many in a page.
   * @returns {Pages<StoredUpload>}
   */
  list({ limit, signal } = {}) {
    return this.#pages("/uploads", limit, signal);
  }

  /**
   * @param {string} id
   * @param {Cancellable} [options]
   * @returns {Promise<StoredUpload>} With `download` when it is stored.
   */
  async get(id, { signal } = {}) {
    const { upload, download } = (await this.#session.call("GET", pathOf(id), { signal })).data;
    return download ? { ...upload, download } : upload;
  }

  /**
   * Deletes a stored file; gives up a pending one.
   * @param {string} id
   * @param {Cancellable} [options]
   */
  async delete(id, { signal } = {}) {
    try {
      await this.#session.call("DELETE", pathOf(id), { signal, retry: true });
    } catch (error) {
      // Gone at the second try: the answer to the first was lost.
      if (!(error instanceof CloakroomError && error.status === 404 && error.attempts > 1)) throw error;
    }
    this.#journal.remove(id);
  }

  /**
   * The version of a file, if S3 has it.
   * @param {string} id
   * @param {Cancellable & { limit?: number }} [options]
   * @returns {Pages<UploadVersion>}
   */
  versions(id, { limit, signal } = {}) {
    return this.#pages(`${pathOf(id)}/versions`, limit, signal);
  }

  /**
   * Restores a deleted file.
   * @param {string} id
   * @param {string} versionId
   * @returns {Promise<StoredUpload>}
   */
  async restore(id, versionId) {
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    return (await this.#session.call("POST", `${pathOf(id)}/restore`, { body: { versionId }, headers })).data.upload;
  }

  /**
   * Makes a file write-once: it cannot be deleted until then. Fails with `locks_disabled` where the operator
   * has not turned locks on.
   * @param {string} id
   * @param {Date} until
   * @param {{ password?: string }} [options] `password`: required for a lock of more than a day.
   */
  async lock(id, until, { password } = {}) {
    const body = { until: until.toISOString(), password };
    // With a password it is sent once: a second try would be a second guess.
    await this.#session.call("PUT", `${pathOf(id)}/lock`, { body, retry: password === undefined });
  }

  /**
   * Which parts of a pending upload have arrived.
   * @param {string} id
   * @param {AbortSignal} [signal]
   * @returns {Pages<StoredPart>}
   */
  parts(id, signal) {
    return this.#pages(`${pathOf(id)}/parts`, 100, signal);
  }

  /**
   * Uploads a file. When an earlier page began to upload the very same file, that upload goes on.
   * @param {File} file
   * @param {UploadOptions} [options]
   * @returns {Promise<Upload>} As soon as it has begun.
   */
  async create(file, options = {}) {
    const candidates = (await this.#idle()).filter((entry) => entry.size === file.size);
    const print = candidates.length > 0 ? await fingerprint(file) : "";
    const entry = candidates.find((candidate) => isSameFile(candidate, file, print));
    return this.#start(file, options, entry && (await this.#stillPending(entry)) ? entry : null);
  }

  /**
   * Goes on with an upload of an earlier page. Fails with `file_mismatch` when `file` is not the one it began with.
   * @param {Unfinished} unfinished One of `resumable()`.
   * @param {File} file
   * @param {UploadOptions} [options]
   */
  resume(unfinished, file, options = {}) {
    return this.#start(file, options, unfinished);
  }

  /**
   * The signed-in person's uploads that earlier pages in this browser began and nobody finished, newest first.
   * @returns {Promise<Unfinished[]>}
   */
  async resumable() {
    const entries = await this.#idle();
    const pending = await Promise.all(entries.map((entry) => this.#stillPending(entry)));
    return entries.filter((_, index) => pending[index]);
  }

  /** Entries of the journal that no tab is working at. */
  async #idle() {
    const held = await heldLocks();
    const running = new Set([...this.#running].map((upload) => upload.id));
    const entries = this.#journal.of(this.#session.state.user?.id);
    return entries.filter(({ uploadId }) => !running.has(uploadId) && !held.has(lockName(uploadId)));
  }

  /** @param {Unfinished} entry */
  async #stillPending({ uploadId }) {
    try {
      if ((await this.get(uploadId)).status === "pending") return true;
    } catch (error) {
      if (!(error instanceof CloakroomError && error.status === 404)) throw error;
    }
    this.#journal.remove(uploadId);
    return false;
  }

  /**
   * @param {File} file
   * @param {UploadOptions} options
   * @param {Unfinished | null} entry
   */
  #start(file, options, entry) {
    const context = { uploads: this, session: this.#session, journal: this.#journal, policy: this.#policy };
    const upload = new Upload(file, context, options, entry);
    this.#running.add(upload);
    const over = () => this.#running.delete(upload);
    upload.done.then(over, over);
    return upload;
  }

  /**
   * @param {string} path
   * @param {number} [limit]
   * @param {AbortSignal} [signal]
   * @returns {Pages<any>}
   */
  #pages(path, limit, signal) {
    return new Pages(async (cursor) => (await this.#session.call("GET", withQuery(path, { limit, cursor }), { signal })).data);
  }
}

/** @param {string} id */
const pathOf = (id) => `/uploads/${encodeURIComponent(id)}`;
