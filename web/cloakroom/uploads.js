import { fingerprint } from "./digest.js";
import { CloakroomError } from "./errors.js";
import { isSameFile } from "./journal.js";
import { Pages, withQuery } from "./pages.js";
import { heldLocks } from "./storage.js";
import { Upload, lockName } from "./upload.js";

/** @import { Cancellable, Grantee, ListOptions, ListedUpload, ReadGrant, RetryPolicy, StoredPart, StoredUpload } from "./types.js" */
/** @import { UnfinishedUpload, UploadGrant, UploadListOptions, UploadLock, UploadUsage, UploadVersion, UploadWithDownload } from "./types.js" */
/** @import { Journal } from "./journal.js" */
/** @import { Session } from "./session.js" */
/** @import { UploadOptions } from "./upload.js" */

/** The signed-in user's files. */
export class Uploads {
  /** Files up to this size, in bytes, are hashed and sent in one request. The server uses the same limit. */
  singlePutBytes = 100 * 1024 * 1024;
  #session;
  #journal;
  #policy;
  /** @type {Set<Upload>} The running uploads of this page. */
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
   * Lists the files, newest first. With `shared: "with-me"`, lists the stored files that other users share with the signed-in
   * user, newest grant first: by id or by a verified address, but not with `everyone`. A page of it can have fewer items than
   * `limit`, also none.
   * @param {UploadListOptions} [options]
   * @returns {Pages<ListedUpload>}
   */
  list({ limit, shared, signal } = {}) {
    return this.#pages("/uploads", { limit, shared }, signal);
  }

  /**
   * Gets one file.
   * @param {string} id
   * @param {Cancellable} [options]
   * @returns {Promise<UploadWithDownload>}
   */
  async get(id, { signal } = {}) {
    const { upload, ...downloads } = (await this.#session.call("GET", pathOf(id), { signal })).data;
    return { ...upload, ...downloads };
  }

  /**
   * Deletes a stored file or cancels a pending upload.
   * @param {string} id
   * @param {Cancellable} [options]
   */
  async delete(id, { signal } = {}) {
    try {
      await this.#session.call("DELETE", pathOf(id), { signal, retry: true });
    } catch (error) {
      // A 404 on a retry means that an earlier attempt succeeded and its response was lost.
      if (!(error instanceof CloakroomError && error.status === 404 && error.attempts > 1)) throw error;
    }
    this.#journal.remove(id);
  }

  /**
   * Lists the versions of a file in S3.
   * @param {string} id
   * @param {ListOptions} [options]
   * @returns {Pages<UploadVersion>}
   */
  versions(id, { limit, signal } = {}) {
    return this.#pages(`${pathOf(id)}/versions`, { limit }, signal);
  }

  /**
   * Restores a deleted file.
   * @param {string} id
   * @param {string} versionId
   * @param {Cancellable} [options]
   * @returns {Promise<StoredUpload>}
   */
  async restore(id, versionId, { signal } = {}) {
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    return (await this.#session.call("POST", `${pathOf(id)}/restore`, { body: { versionId }, headers, signal })).data.upload;
  }

  /**
   * Locks a file: it cannot be deleted until the given time. Fails with `locks_disabled` when locks are turned off on the
   * server.
   * @param {string} id
   * @param {Date} until
   * @param {Cancellable & { password?: string }} [options] `password`: required for a lock of more than a day.
   * @returns {Promise<UploadLock>}
   */
  async lock(id, until, { password, signal } = {}) {
    const body = { until: until.toISOString(), password };
    // A request with a password is not retried: the server would count a second password attempt.
    return (await this.#session.call("PUT", `${pathOf(id)}/lock`, { body, signal, retry: password === undefined })).data;
  }

  /**
   * Gets how many bytes the signed-in user uses, and the quota.
   * @param {Cancellable} [options]
   * @returns {Promise<UploadUsage>}
   */
  async usage({ signal } = {}) {
    return (await this.#session.call("GET", "/uploads/usage", { signal })).data;
  }

  /**
   * Lists who can read a file besides its owner.
   * @param {string} id
   * @param {ListOptions} [options]
   * @returns {Pages<ReadGrant>}
   */
  grants(id, { limit, signal } = {}) {
    return this.#pages(`${pathOf(id)}/grants`, { limit }, signal);
  }

  /**
   * Allows a user, the owner of an address, or all signed-in users to read a file. A grant to an address takes effect for the
   * account that has verified it, now or later. The call succeeds whether or not there is such an account.
   * @param {string} id
   * @param {Grantee} grantee A user's id, `everyone`, or `{ email }`.
   * @param {Cancellable} [options]
   */
  async grant(id, grantee, { signal } = {}) {
    await this.#changeGrant("PUT", id, grantee, signal);
  }

  /**
   * Revokes a read grant. Download URLs that were issued before stay valid for up to an hour.
   * @param {string} id
   * @param {Grantee} grantee A user's id, `everyone`, `{ email }`, or one of `grants()`.
   * @param {Cancellable} [options]
   */
  async revoke(id, grantee, { signal } = {}) {
    await this.#changeGrant("DELETE", id, grantee, signal);
  }

  /**
   * @param {string} method
   * @param {string} id
   * @param {Grantee} to
   * @param {AbortSignal} [signal]
   */
  async #changeGrant(method, id, to, signal) {
    const { grantee, email } = typeof to === "string" ? { grantee: to, email: undefined } : to;
    const isAddress = email !== undefined;
    if (!isAddress && grantee === undefined) throw new TypeError("The grantee is missing. Pass a user's id, `everyone` or an `email`.");
    const path = isAddress ? `${pathOf(id)}/grants` : `${pathOf(id)}/grants/${encodeURIComponent(grantee ?? "")}`;
    await this.#session.call(method, path, { body: isAddress ? { email } : undefined, signal, retry: true });
  }

  /**
   * Creates an upload grant: a URL for Uppy 6 that allows uploads for the signed-in user, and nothing else.
   * @param {Cancellable} [options]
   * @returns {Promise<UploadGrant>}
   */
  async createUploadGrant({ signal } = {}) {
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    return (await this.#session.call("POST", "/s3/grants", { headers, signal })).data;
  }

  /**
   * Lists the uploaded parts of a pending upload. Waits while the browser is offline.
   * @param {string} id
   * @param {ListOptions} [options]
   * @returns {Pages<StoredPart>}
   */
  parts(id, { limit = 100, signal } = {}) {
    return this.#pages(`${pathOf(id)}/parts`, { limit }, signal, true);
  }

  /**
   * Uploads a file. Resumes the upload if an earlier page started to upload the same file.
   * @param {File} file
   * @param {UploadOptions} [options]
   * @returns {Promise<Upload>} Resolves when the upload starts.
   */
  async create(file, options = {}) {
    const candidates = (await this.#idle()).filter((entry) => entry.size === file.size);
    const print = candidates.length > 0 ? await fingerprint(file) : "";
    const entry = candidates.find((candidate) => isSameFile(candidate, file, print));
    return this.#start(file, options, entry && (await this.#stillPending(entry, options.signal)) ? entry : null);
  }

  /**
   * Resumes an upload of an earlier page. Fails with `file_mismatch` when `file` is not the file that it started with.
   * @param {UnfinishedUpload} unfinished One of `resumable()`.
   * @param {File} file
   * @param {UploadOptions} [options]
   */
  resume(unfinished, file, options = {}) {
    return this.#start(file, options, unfinished);
  }

  /**
   * Lists the signed-in user's unfinished uploads of earlier pages in this browser, newest first.
   * @param {Cancellable} [options]
   * @returns {Promise<UnfinishedUpload[]>}
   */
  async resumable({ signal } = {}) {
    const entries = await this.#idle();
    const pending = await Promise.all(entries.map((entry) => this.#stillPending(entry, signal)));
    return entries.filter((_, index) => pending[index]);
  }

  /** Lists the journal's entries that are not being uploaded in any tab. */
  async #idle() {
    const held = await heldLocks();
    const running = new Set([...this.#running].map((upload) => upload.id));
    const entries = this.#journal.of(this.#session.state.user?.id);
    return entries.filter(({ uploadId }) => !running.has(uploadId) && !held.has(lockName(uploadId)));
  }

  /**
   * @param {UnfinishedUpload} entry
   * @param {AbortSignal} [signal]
   */
  async #stillPending({ uploadId }, signal) {
    try {
      if ((await this.get(uploadId, { signal })).status === "pending") return true;
    } catch (error) {
      if (!(error instanceof CloakroomError && error.status === 404)) throw error;
    }
    this.#journal.remove(uploadId);
    return false;
  }

  /**
   * @param {File} file
   * @param {UploadOptions} options
   * @param {UnfinishedUpload | null} entry
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
   * @param {Record<string, string | number | undefined>} query
   * @param {AbortSignal} [signal]
   * @param {boolean} [waitsForNetwork]
   * @returns {Pages<any>}
   */
  #pages(path, query, signal, waitsForNetwork) {
    const options = { signal, waitsForNetwork };
    return new Pages(async (cursor) => (await this.#session.call("GET", withQuery(path, { ...query, cursor }), options)).data);
  }
}

/** @param {string} id */
const pathOf = (id) => `/uploads/${encodeURIComponent(id)}`;
