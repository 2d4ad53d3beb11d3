import { Store } from "./store.js";
import type { Progress, StoredUpload, UploadOptions, UploadState } from "../cloakroom.js";
import type { Shared } from "./shared.js";
export type TaskState = {
    state: "idle" | UploadState;
    filename: string | null;
    progress: Progress | null;
    /**
     * The stored file, once `state` is `stored`.
     */
    upload: StoredUpload | null;
    /**
     * Why the upload failed: a CloakroomError, or a DOMException when the file cannot be read.
     */
    error: Error | null;
};
/** The upload of a component. It continues when the component is unmounted. */
export declare class UploadTask {
    #private;
    /** @type {Store<TaskState>} */
    store: Store<TaskState>;
    /**
     * @param {Shared} shared
     * @param {File} file
     * @param {UploadOptions} [options]
     * @returns {Promise<StoredUpload | null>} `null` when the upload fails or is cancelled.
     */
    start(shared: Shared, file: File, options?: UploadOptions): Promise<StoredUpload | null>;
    pause: () => void | undefined;
    resume: () => void | undefined;
    /** Cancels the upload and deletes what was uploaded. If deleting fails, the server deletes it later. */
    cancel: () => Promise<void>;
    /** Forgets a finished upload. */
    reset: () => void;
}
