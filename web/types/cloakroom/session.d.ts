import type { StorageLike, Tokens, User } from "./types.js";
import type { ApiResponse, CallOptions, Http } from "./http.js";
export type SessionReason = "signedIn" | "restored" | "updated" | "signedOut" | "ended" | "deleted";
export type SessionState = {
    /**
     * `unknown`: a refresh token from an earlier page exists; see `restore()`.
     */
    status: "unknown" | "signedIn" | "signedOut";
    user: User | null;
    /**
     * The cause of the last change.
     */
    reason: SessionReason | null;
};
export type StoredSession = {
    refreshToken: string;
    userId: string;
};
/** The session. The access token is only in memory; the refresh token is in the storage, which all tabs share. */
export declare class Session {
    #private;
    /** @type {SessionState} */
    state: SessionState;
    /**
     * @param {Http} http
     * @param {StorageLike} storage
     */
    constructor(http: Http, storage: StorageLike);
    /**
     * @param {(state: SessionState) => void} listener
     * @returns {() => void} Removes the listener.
     */
    onChange(listener: (state: SessionState) => void): () => void;
    /**
     * @param {Tokens} tokens
     * @param {User} user
     */
    begin(tokens: Tokens, user: User): void;
    /** @param {User} user */
    update(user: User): void;
    /** @param {SessionReason} reason */
    end(reason: SessionReason): void;
    /** The refresh token, which sign-out sends to the server. */
    get refreshToken(): string | null;
    /**
     * Sends an authenticated request. If the server rejects the access token, it is renewed once.
     * @param {string} method
     * @param {string} path
     * @param {CallOptions} [options]
     * @returns {Promise<ApiResponse>}
     */
    call(method: string, path: string, options?: CallOptions): Promise<ApiResponse>;
    /**
     * Returns a valid access token.
     * @returns {Promise<string>}
     */
    accessToken(): Promise<string>;
}
