import { CloakroomError } from "../cloakroom.js";
import { Store } from "./store.js";
import { UploadList } from "./list.js";
import type { Cloakroom, SessionState, StoredUpload, UploadListOptions } from "../cloakroom.js";
/** @import { Cloakroom, SessionState, StoredUpload, UploadListOptions } from "../cloakroom.js" */
/** The state of a client that all components share. */
export declare class Shared {
    #private;
    client: Cloakroom;
    /** @type {Store<CloakroomError | null>} The error of the last `restore`. */
    restoreError: Store<CloakroomError | null>;
    /** @type {Store<SessionState>} */
    session: Store<SessionState>;
    /** @param {Cloakroom} client */
    constructor(client: Cloakroom);
    /** Restores the session of an earlier page. Never rejects: the error is in `restoreError`. */
    restore: () => Promise<void>;
    /**
     * Returns the list of this kind with this many files per page.
     * @param {number} limit
     * @param {UploadListOptions["shared"]} [kind] Default: the signed-in user's own files.
     */
    list(limit: number, kind?: UploadListOptions["shared"]): UploadList;
    /** Shows a new file in all lists of own files. @param {StoredUpload} upload */
    add(upload: StoredUpload): void;
}
/** Returns the shared state of a client. @param {Cloakroom} client */
export declare function sharedOf(client: Cloakroom): Shared;
