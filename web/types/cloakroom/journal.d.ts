/** @import { StorageLike, UnfinishedUpload } from "./types.js" */
import type { StorageLike, UnfinishedUpload } from "./types.js";
/** Stores multipart uploads so that a later page can resume them. Each has its own key, so tabs do not overwrite each other. */
export declare class Journal {
    #private;
    /**
     * @param {StorageLike} storage
     * @param {string} baseUrl
     */
    constructor(storage: StorageLike, baseUrl: string);
    /** @param {UnfinishedUpload} entry */
    write(entry: UnfinishedUpload): void;
    /** @param {string} uploadId */
    remove(uploadId: string): void;
    /**
     * Lists a user's unfinished uploads, newest first.
     * @param {string | undefined} userId Other users may have used this browser.
     */
    of(userId: string | undefined): UnfinishedUpload[];
}
/**
 * Whether a chosen file is the one that the upload started with. Its name may have changed, but not its content.
 * @param {UnfinishedUpload} entry
 * @param {{ size: number, lastModified: number }} file
 * @param {string} print
 */
export declare function isSameFile(entry: UnfinishedUpload, file: {
    size: number;
    lastModified: number;
}, print: string): boolean;
