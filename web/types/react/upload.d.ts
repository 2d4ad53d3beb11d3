import type { StoredUpload, UploadOptions } from "../cloakroom.js";
import type { TaskState } from "./task.js";
export type UploadActions = {
    /**
     * Uploads a file; resolves to `null` when
     * the upload fails or is cancelled. Rejects while another file is being uploaded.
     */
    start: (file: File, options?: UploadOptions) => Promise<StoredUpload | null>;
    pause: () => void;
    resume: () => void;
    /**
     * Also deletes what was uploaded.
     */
    cancel: () => Promise<void>;
    /**
     * Sets a finished upload back to `idle`.
     */
    reset: () => void;
};
export type UploadHook = TaskState & UploadActions;
/** @import { StoredUpload, UploadOptions } from "../cloakroom.js" */
/** @import { TaskState } from "./task.js" */
/**
 * @typedef {object} UploadActions
 * @property {(file: File, options?: UploadOptions) => Promise<StoredUpload | null>} start Uploads a file; resolves to `null` when
 *   the upload fails or is cancelled. Rejects while another file is being uploaded.
 * @property {() => void} pause
 * @property {() => void} resume
 * @property {() => Promise<void>} cancel Also deletes what was uploaded.
 * @property {() => void} reset Sets a finished upload back to `idle`.
 *
 * @typedef {TaskState & UploadActions} UploadHook
 */
/**
 * Uploads one file at a time. For several files at once, use the hook in a component for each file. The upload continues when
 * the component is unmounted, and its file appears in `useUploads`.
 * @returns {UploadHook}
 */
export declare function useUpload(): UploadHook;
