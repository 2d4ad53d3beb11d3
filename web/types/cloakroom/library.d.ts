import { Pages } from "./pages.js";
import type { Cancellable, LibraryEntry, ListOptions } from "./types.js";
import type { Session } from "./session.js";
/** @import { Cancellable, LibraryEntry, ListOptions } from "./types.js" */
/** @import { Session } from "./session.js" */
/** The products that the signed-in user has bought or was given. `uploads.get(uploadId)` downloads a file of one. */
export declare class Library {
    #private;
    /** @param {Session} session */
    constructor(session: Session);
    /**
     * Lists the library, newest product first.
     * @param {ListOptions} [options]
     * @returns {Pages<LibraryEntry>}
     */
    list({ limit, signal }?: ListOptions): Pages<LibraryEntry>;
    /**
     * Gets one product of the library.
     * @param {string} productId
     * @param {Cancellable} [options]
     * @returns {Promise<LibraryEntry>}
     */
    get(productId: string, { signal }?: Cancellable): Promise<LibraryEntry>;
}
