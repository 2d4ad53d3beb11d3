import { CloakroomError } from "./errors.js";
import { isTransient, untilOnline } from "./retry.js";
import { withLock } from "./storage.js";

/** @import { StorageLike, Tokens, User } from "./types.js" */
/** @import { ApiResponse, CallOptions, Http } from "./http.js" */

/**
 * @typedef {"signedIn" | "restored" | "updated" | "signedOut" | "ended" | "deleted"} SessionReason
 *   `ended`: the session has ended on the server, so the user must sign in again.
 *
 * @typedef {object} SessionState
 * @property {"unknown" | "signedIn" | "signedOut"} status `unknown`: a refresh token from an earlier page exists; see `restore()`.
 * @property {User | null} user
 * @property {SessionReason | null} reason The cause of the last change.
 *
 * @typedef {{ refreshToken: string, userId: string }} StoredSession
 */

/** An access token is renewed this long before it expires, so that it does not expire during a request. */
const MARGIN_MILLISECONDS = 30_000;

/** The session. The access token is only in memory; the refresh token is in the storage, which all tabs share. */
export class Session {
  /** @type {SessionState} */
  state;
  #http;
  #storage;
  #key;
  /** @type {{ token: string, until: number } | null} */
  #access = null;
  /** @type {Promise<string> | null} */
  #refreshing = null;
  /** @type {Set<(state: SessionState) => void>} */
  #listeners = new Set();

  /**
   * @param {Http} http
   * @param {StorageLike} storage
   */
  constructor(http, storage) {
    this.#http = http;
    this.#storage = storage;
    this.#key = `cloakroom:${http.baseUrl}:session`;
    this.state = { status: this.#stored() ? "unknown" : "signedOut", user: null, reason: null };
    // Storage events report only changes by other tabs.
    globalThis.addEventListener?.("storage", (event) => this.#changedElsewhere(/** @type {StorageEvent} */ (event)));
  }

  /**
   * @param {(state: SessionState) => void} listener
   * @returns {() => void} Removes the listener.
   */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * @param {Tokens} tokens
   * @param {User} user
   */
  begin(tokens, user) {
    this.#store(tokens, user.id);
    this.#setState("signedIn", user, "signedIn");
  }

  /** @param {User} user */
  update(user) {
    // The response arrived after the session ended, or after another user signed in.
    if (!this.#access || this.#stored()?.userId !== user.id) return;
    this.#setState("signedIn", user, this.state.status === "signedIn" ? "updated" : "restored");
  }

  /** @param {SessionReason} reason */
  end(reason) {
    this.#access = null;
    this.#storage.removeItem(this.#key);
    if (this.state.status !== "signedOut") this.#setState("signedOut", null, reason);
  }

  /** The refresh token, which sign-out sends to the server. */
  get refreshToken() {
    return this.#stored()?.refreshToken ?? null;
  }

  /**
   * Sends an authenticated request. If the server rejects the access token, it is renewed once.
   * @param {string} method
   * @param {string} path
   * @param {CallOptions} [options]
   * @returns {Promise<ApiResponse>}
   */
  async call(method, path, options = {}) {
    if (options.waitsForNetwork) await untilOnline(options.signal);
    const token = await this.accessToken();
    try {
      return await this.#http.send(method, path, withToken(options, token));
    } catch (error) {
      if (!isTokenRejected(error)) throw error;
    }
    const renewed = await this.#renew(token);
    try {
      return await this.#http.send(method, path, withToken(options, renewed));
    } catch (error) {
      // A new token was rejected: the account has been deleted.
      if (isTokenRejected(error)) this.end("ended");
      throw error;
    }
  }

  /**
   * Returns a valid access token.
   * @returns {Promise<string>}
   */
  async accessToken() {
    if (this.#access && Date.now() < this.#access.until) return this.#access.token;
    return await this.#renew(this.#access?.token ?? null);
  }

  /**
   * Returns a newer token than `stale`. Concurrent calls share one request.
   * @param {string | null} stale
   */
  #renew(stale) {
    if (this.#access && this.#access.token !== stale) return Promise.resolve(this.#access.token);
    this.#refreshing ??= withLock(this.#key, () => this.#refresh()).finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  /** @returns {Promise<string>} */
  async #refresh() {
    for (;;) {
      // Read while holding the lock: another tab may have just refreshed it.
      const stored = this.#stored();
      if (!stored) throw this.#sessionEnded();
      try {
        // Retrying is safe: for a few seconds the same token returns the same successor.
        const body = { refreshToken: stored.refreshToken };
        const { data } = await this.#http.send("POST", "/session/refresh", { body, retry: true });
        // The user signed out during the request: stay signed out.
        if (this.#stored()?.refreshToken !== stored.refreshToken) throw this.#sessionEnded();
        return this.#store(data, stored.userId);
      } catch (error) {
        if (!(error instanceof CloakroomError) || isTransient(error)) throw error;
        // Without Web Locks another tab may have refreshed first; its token is valid here too.
        const now = this.#stored();
        if (now && now.refreshToken !== stored.refreshToken) continue;
        throw this.#sessionEnded(error);
      }
    }
  }

  /** @param {unknown} [cause] */
  #sessionEnded(cause) {
    this.end("ended");
    return new CloakroomError({ status: 401, code: "session_ended", message: "The session has ended. Please sign in again.", cause });
  }

  /**
   * @param {Tokens} tokens
   * @param {string} userId
   */
  #store({ accessToken, expiresIn, refreshToken }, userId) {
    const lifetime = expiresIn * 1000;
    this.#access = { token: accessToken, until: Date.now() + lifetime - Math.min(MARGIN_MILLISECONDS, lifetime / 2) };
    if (refreshToken) this.#storage.setItem(this.#key, JSON.stringify({ refreshToken, userId }));
    return accessToken;
  }

  /** @returns {StoredSession | null} */
  #stored() {
    try {
      const stored = JSON.parse(this.#storage.getItem(this.#key) ?? "null");
      return typeof stored?.refreshToken === "string" ? stored : null;
    } catch {
      return null; // not written by this client
    }
  }

  /** @param {StorageEvent} event */
  #changedElsewhere(event) {
    if (event.key !== this.#key || event.storageArea !== this.#storage) return;
    const stored = this.#stored();
    if (!stored) return this.end("signedOut");
    if (stored.userId === this.state.user?.id) return; // the token was only refreshed
    // Another user signed in in the other tab, and tabs share one session.
    this.#access = null;
    this.#setState("unknown", null, null);
  }

  /**
   * @param {SessionState["status"]} status
   * @param {User | null} user
   * @param {SessionReason | null} reason
   */
  #setState(status, user, reason) {
    this.state = { status, user, reason };
    for (const listener of this.#listeners) listener(this.state);
  }
}

/**
 * Whether the server rejected the access token, and not a password.
 * @param {unknown} error
 */
function isTokenRejected(error) {
  return error instanceof CloakroomError && error.status === 401 && error.code !== "invalid_credentials";
}

/**
 * @param {CallOptions} options
 * @param {string} token
 * @returns {CallOptions}
 */
function withToken(options, token) {
  return { ...options, headers: { ...options.headers, Authorization: `Bearer ${token}` } };
}
