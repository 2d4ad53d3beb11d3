import type { Progress, RetryPolicy, StoredUpload, UnfinishedUpload } from "./types.js";
import type { Journal } from "./journal.js";
import type { Session } from "./session.js";
import type { Uploads } from "./uploads.js";
export type UploadState = "preparing" | "uploading" | "paused" | "finishing" | "stored" | "failed" | "aborted";
export type UploadOptions = {
    /**
     * Default: the file's own name.
     */
    filename?: string;
    /**
     * Default: the file's own type.
     */
    contentType?: string;
    /**
     * A small image that stands for the file in lists: WebP, JPEG or PNG of up to 64 KiB; `null` for none.
     * Default: made from the file if it is an image.
     */
    thumbnail?: Blob | null;
    /**
     * How many parts are sent at the same time. Default: 4.
     */
    parallel?: number;
    /**
     * Aborts the upload.
     */
    signal?: AbortSignal;
    onProgress?: (progress: Progress) => void;
};
export type Context = {
    uploads: Uploads;
    session: Session;
    journal: Journal;
    policy: RetryPolicy;
};
/**
 * The upload of one file. It starts by itself; `done` has the result. It dispatches `progress` (a CustomEvent with a
 * `Progress` as its `detail`) and `statechange`.
 */
export declare class Upload extends EventTarget {
    #private;
    filename: string;
    size: number;
    /** @type {Progress} */
    progress: Progress;
    /** @type {unknown} The error of a failed upload. */
    error: unknown;
    /** @type {Promise<StoredUpload>} The stored upload. Rejects with an AbortError after `abort()`. */
    done: Promise<StoredUpload>;
    /**
     * Called by `uploads.create` and `uploads.resume`.
     * @param {File} file
     * @param {Context} context
     * @param {UploadOptions} options
     * @param {UnfinishedUpload | null} entry
     */
    constructor(file: File, context: Context, options: UploadOptions, entry: UnfinishedUpload | null);
    /** The upload's id, or `null` until the server has created the upload. */
    get id(): string | null;
    get state(): UploadState;
    /** Stops sending until `resume()`. Uploaded parts are kept; parts in progress start again. */
    pause(): void;
    /** Continues a paused upload. */
    resume(): void;
    /** Cancels the upload and deletes what was uploaded from the server. Does nothing once the file is stored. */
    abort(): Promise<void>;
}
/** Returns the name of the lock that the tab uploading a file holds. @param {string} uploadId */
export declare const lockName: (uploadId: string) => string;
