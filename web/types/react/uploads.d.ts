import type { StoredUpload, UploadListOptions } from "../cloakroom.js";
import type { ListState } from "./list.js";
export type UploadsOptions = {
    /**
     * Files per page. Default: 50.
     */
    limit?: number;
    /**
     * Which files to return. Default: only `stored` ones.
     */
    statuses?: StoredUpload["status"][];
    /**
     * `with-me`: the files that other users share with the signed-in user. `remove` fails
     * for them.
     */
    shared?: UploadListOptions["shared"];
};
export type UploadsActions = {
    /**
     * Loads the first page again.
     */
    refresh: () => Promise<void>;
    /**
     * Loads the next page.
     */
    loadMore: () => Promise<void>;
    /**
     * Removes a file from the list at once and deletes it. If that fails, the file
     * appears again, and the promise resolves to `false`.
     */
    remove: (id: string) => Promise<boolean>;
};
export type UploadsHook = ListState & UploadsActions;
/**
 * The signed-in user's files, newest first, or those that others share with the user. All components with the same `limit` and
 * `shared` have one list. Its functions do not reject: see `error`.
 * @param {UploadsOptions} [options]
 * @returns {UploadsHook}
 */
export declare function useUploads({ limit, statuses, shared }?: UploadsOptions): UploadsHook;
