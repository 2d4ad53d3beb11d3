import { CloakroomError } from "../cloakroom.js";
import { Store } from "./store.js";
import type { ListedUpload, Uploads, UploadListOptions } from "../cloakroom.js";
export type ListState = {
    /**
     * Newest first; shared files by the time of sharing.
     */
    uploads: ListedUpload[];
    isLoading: boolean;
    /**
     * Whether there are further pages; see `loadMore`.
     */
    hasMore: boolean;
    /**
     * The error of the last call.
     */
    error: CloakroomError | null;
};
/** Before the first page. */
export declare const LOADING: {
    uploads: ListedUpload[];
    hasMore: boolean;
    error: CloakroomError | null;
    isLoading: boolean;
};
/** The list of the signed-in user's files, or of those that others share, which all components have in common. */
export declare class UploadList {
    #private;
    /** @type {Store<ListState>} */
    store: Store<ListState>;
    /**
     * @param {Uploads} uploads
     * @param {UploadListOptions} options
     * @param {string | null} user The signed-in user's id.
     */
    constructor(uploads: Uploads, options: UploadListOptions, user: string | null);
    /** @param {() => void} listener */
    subscribe: (listener: () => void) => () => undefined;
    /** Shows the files of another user. @param {string | null} user */
    setUser(user: string | null): void;
    /** Loads the first page again. */
    refresh: () => Promise<void>;
    /** Loads the next page. */
    loadMore: () => Promise<void>;
    /**
     * Removes a file from the list at once and deletes it. If that fails, the file appears again.
     * @param {string} id
     * @returns {Promise<boolean>} Whether the file is deleted.
     */
    remove: (id: string) => Promise<boolean>;
    /** Shows a file of the signed-in user that was just stored. @param {ListedUpload} upload */
    add(upload: ListedUpload): void;
}
