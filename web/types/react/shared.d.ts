import { CloakroomError } from "../cloakroom.js";
import { Store } from "./store.js";
import { UploadList } from "./list.js";
import type { Cloakroom, SessionState, StoredUpload } from "../cloakroom.js";
/** @import { Cloakroom, SessionState, StoredUpload } from "../cloakroom.js" */
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
    /** Returns the list with this many files per page. @param {number} limit */
    list(limit: number): UploadList;
    /** Shows a new file in all lists. @param {StoredUpload} upload */
    add(upload: StoredUpload): void;
}
/** Returns the shared state of a client. @param {Cloakroom} client */
export declare function sharedOf(client: Cloakroom): Shared;
