import { Pages } from "./pages.js";
import { Upload } from "./upload.js";
import type { Cancellable, Grantee, ListOptions, ListedUpload, ReadGrant, RetryPolicy, StoredPart, StoredUpload } from "./types.js";
import type { UnfinishedUpload, UploadGrant, UploadListOptions, UploadLock, UploadUsage, UploadVersion, UploadWithDownload } from "./types.js";
import type { Journal } from "./journal.js";
import type { Session } from "./session.js";
import type { UploadOptions } from "./upload.js";
/** @import { Cancellable, Grantee, ListOptions, ListedUpload, ReadGrant, RetryPolicy, StoredPart, StoredUpload } from "./types.js" */
/** @import { UnfinishedUpload, UploadGrant, UploadListOptions, UploadLock, UploadUsage, UploadVersion, UploadWithDownload } from "./types.js" */
/** @import { Journal } from "./journal.js" */
/** @import { Session } from "./session.js" */
/** @import { UploadOptions } from "./upload.js" */
/** The signed-in user's files. */
export declare class Uploads {
    #private;
    /** Files up to this size, in bytes, are hashed and sent in one request. The server uses the same limit. */
    singlePutBytes: number;
    /**
     * @param {Session} session
     * @param {Journal} journal
     * @param {RetryPolicy} policy
     */
    constructor(session: Session, journal: Journal, policy: RetryPolicy);
    /**
     * Lists the files, newest first. With `shared: "with-me"`, lists the stored files that other users share with the signed-in
     * user, newest grant first: by id or by a verified address, but not with `everyone`. A page of it can have fewer items than
     * `limit`, also none.
     * @param {UploadListOptions} [options]
     * @returns {Pages<ListedUpload>}
     */
    list({ limit, shared, signal }?: UploadListOptions): Pages<ListedUpload>;
    /**
     * Gets one file.
     * @param {string} id
     * @param {Cancellable} [options]
     * @returns {Promise<UploadWithDownload>}
     */
    get(id: string, { signal }?: Cancellable): Promise<UploadWithDownload>;
    /**
     * Deletes a stored file or cancels a pending upload.
     * @param {string} id
     * @param {Cancellable} [options]
     */
    delete(id: string, { signal }?: Cancellable): Promise<void>;
    /**
     * Lists the versions of a file in S3.
     * @param {string} id
     * @param {ListOptions} [options]
     * @returns {Pages<UploadVersion>}
     */
    versions(id: string, { limit, signal }?: ListOptions): Pages<UploadVersion>;
    /**
     * Restores a deleted file.
     * @param {string} id
     * @param {string} versionId
     * @param {Cancellable} [options]
     * @returns {Promise<StoredUpload>}
     */
    restore(id: string, versionId: string, { signal }?: Cancellable): Promise<StoredUpload>;
    /**
     * Locks a file: it cannot be deleted until the given time. Fails with `locks_disabled` when locks are turned off on the
     * server.
     * @param {string} id
     * @param {Date} until
     * @param {Cancellable & { password?: string }} [options] `password`: required for a lock of more than a day.
     * @returns {Promise<UploadLock>}
     */
    lock(id: string, until: Date, { password, signal }?: Cancellable & {
        password?: string;
    }): Promise<UploadLock>;
    /**
     * Gets how many bytes the signed-in user uses, and the quota.
     * @param {Cancellable} [options]
     * @returns {Promise<UploadUsage>}
     */
    usage({ signal }?: Cancellable): Promise<UploadUsage>;
    /**
     * Lists who can read a file besides its owner.
     * @param {string} id
     * @param {ListOptions} [options]
     * @returns {Pages<ReadGrant>}
     */
    grants(id: string, { limit, signal }?: ListOptions): Pages<ReadGrant>;
    /**
     * Allows a user, the owner of an address, or all signed-in users to read a file. A grant to an address takes effect for the
     * account that has verified it, now or later. The call succeeds whether or not there is such an account.
     * @param {string} id
     * @param {Grantee} grantee A user's id, `everyone`, or `{ email }`.
     * @param {Cancellable} [options]
     */
    grant(id: string, grantee: Grantee, { signal }?: Cancellable): Promise<void>;
    /**
     * Revokes a read grant. Download URLs that were issued before stay valid for up to an hour.
     * @param {string} id
     * @param {Grantee} grantee A user's id, `everyone`, `{ email }`, or one of `grants()`.
     * @param {Cancellable} [options]
     */
    revoke(id: string, grantee: Grantee, { signal }?: Cancellable): Promise<void>;
    /**
     * Creates an upload grant: a URL for Uppy 6 that allows uploads for the signed-in user, and nothing else.
     * @param {Cancellable} [options]
     * @returns {Promise<UploadGrant>}
     */
    createUploadGrant({ signal }?: Cancellable): Promise<UploadGrant>;
    /**
     * Lists the uploaded parts of a pending upload. Waits while the browser is offline.
     * @param {string} id
     * @param {ListOptions} [options]
     * @returns {Pages<StoredPart>}
     */
    parts(id: string, { limit, signal }?: ListOptions): Pages<StoredPart>;
    /**
     * Uploads a file. Resumes the upload if an earlier page started to upload the same file.
     * @param {File} file
     * @param {UploadOptions} [options]
     * @returns {Promise<Upload>} Resolves when the upload starts.
     */
    create(file: File, options?: UploadOptions): Promise<Upload>;
    /**
     * Resumes an upload of an earlier page. Fails with `file_mismatch` when `file` is not the file that it started with.
     * @param {UnfinishedUpload} unfinished One of `resumable()`.
     * @param {File} file
     * @param {UploadOptions} [options]
     */
    resume(unfinished: UnfinishedUpload, file: File, options?: UploadOptions): Upload;
    /**
     * Lists the signed-in user's unfinished uploads of earlier pages in this browser, newest first.
     * @param {Cancellable} [options]
     * @returns {Promise<UnfinishedUpload[]>}
     */
    resumable({ signal }?: Cancellable): Promise<UnfinishedUpload[]>;
}
