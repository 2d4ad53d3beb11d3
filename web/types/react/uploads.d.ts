import type { StoredUpload } from "../cloakroom.js";
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
 * The signed-in user's files, newest first. All components with the same `limit` share the list. Its functions do not reject:
 * see `error`.
 * @param {UploadsOptions} [options]
 * @returns {UploadsHook}
 */
export declare function useUploads({ limit, statuses }?: UploadsOptions): UploadsHook;
