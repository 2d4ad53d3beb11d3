import { CloakroomError } from "./errors.js";
import { isTransient, untilOnline } from "./retry.js";
import { exclusively } from "./storage.js";

/** @import { StorageLike, Tokens, User } from "./types.js" */
/** @import { Answer, CallOptions, Http } from "./http.js" */

/**
 * @typedef {"signedIn" | "restored" | "updated" | "signedOut" | "ended" | "deleted"} SessionReason
 *   `ended`: the server no longer knows the session, so the person has to sign in again.
 *
 * @typedef {object} SessionState
 * @property {"unknown" | "signedIn" | "signedOut"} status `unknown`: there is a token from before; see `restore()`.
 * @property {User | null} user
 * @property {SessionReason | null} reason Why it is so.
 *
 * @typedef {{ refreshToken: string, userId: string }} Kept
 */

/** An access token is renewed this long before its end, so that it does not end on its way. */
const MARGIN_MILLISECONDS = 30_000;

/** Who is signed in. The access token lives in memory only; the refresh token in the storage, shared by all tabs. */
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
    this.state = { status: this.#kept() ? "unknown" : "signedOut", user: null, reason: null };
    // Tells of changes by other tabs only.
    globalThis.addEventListener?.("storage", (event) => this.#changedElsewhere(/** @type {StorageEvent} */ (event)));
  }

  /**
   * @param {(state: SessionState) => void} listener
   * @returns {() => void} Stops it.
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
    this.#keep(tokens, user.id);
    this.#become("signedIn", user, "signedIn");
  }

  /** @param {User} user */
  update(user) {
    if (!this.#access) return; // an answer that comes after the session's end
    this.#become("signedIn", user, this.state.status === "signedIn" ? "updated" : "restored");
  }

  /** @param {SessionReason} reason */
  end(reason) {
    this.#access = null;
    this.#storage.removeItem(this.#key);
    if (this.state.status !== "signedOut") this.#become("signedOut", null, reason);
  }

  /** The refresh token, to be handed back at sign-out. */
  get refreshToken() {
    return this.#kept()?.refreshToken ?? null;
  }

  /**
   * A call in the caller's name. A token that the server no longer takes is renewed, once.
   * @param {string} method
   * @param {string} path
   * @param {CallOptions} [options]
   * @returns {Promise<Answer>}
   */
  async call(method, path, options = {}) {
    if (options.patient) await untilOnline(options.signal);
    const token = await this.#token();
    try {
      return await this.#http.send(method, path, withToken(options, token));
    } catch (error) {
      if (!refused(error)) throw error;
    }
    const renewed = await this.#renew(token);
    try {
      return await this.#http.send(method, path, withToken(options, renewed));
    } catch (error) {
      // A brand-new token is refused: the account is gone.
      if (refused(error)) this.end("ended");
      throw error;
    }
  }

  /** @returns {Promise<string>} */
  async #token() {
    if (this.#access && Date.now() < this.#access.until) return this.#access.token;
    return await this.#renew(this.#access?.token ?? null);
  }

  /**
   * A newer token than `stale`. However many calls ask for it at once, one request is made.
   * @param {string | null} stale
   */
  #renew(stale) {
    if (this.#access && this.#access.token !== stale) return Promise.resolve(this.#access.token);
    this.#refreshing ??= exclusively(this.#key, () => this.#rotate()).finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  /** @returns {Promise<string>} */
  async #rotate() {
    for (;;) {
      // Read under the lock: another tab may have rotated it a moment ago.
      const kept = this.#kept();
      if (!kept) throw this.#over();
      try {
        // A lost answer may be asked for again: for some seconds the same token gets the same successor.
        const body = { refreshToken: kept.refreshToken };
        const { data } = await this.#http.send("POST", "/session/refresh", { body, retry: true });
        // Signed out while it was on its way: stay so.
        if (this.#kept()?.refreshToken !== kept.refreshToken) throw this.#over();
        return this.#keep(data, kept.userId);
      } catch (error) {
        if (!(error instanceof CloakroomError) || isTransient(error)) throw error;
        // Without Web Locks another tab can be quicker: its token is as good as ours would have been.
        const now = this.#kept();
        if (now && now.refreshToken !== kept.refreshToken) continue;
        throw this.#over(error);
      }
    }
  }

  /** @param {unknown} [cause] */
  #over(cause) {
    this.end("ended");
    return new CloakroomError({ status: 401, code: "session_ended", message: "The session has ended. Please sign in again.", cause });
  }

  /**
   * @param {Tokens} tokens
   * @param {string} userId
   */
  #keep({ accessToken, expiresIn, refreshToken }, userId) {
    const lifetime = expiresIn * 1000;
    this.#access = { token: accessToken, until: Date.now() + lifetime - Math.min(MARGIN_MILLISECONDS, lifetime / 2) };
    if (refreshToken) this.#storage.setItem(this.#key, JSON.stringify({ refreshToken, userId }));
    return accessToken;
  }

  /** @returns {Kept | null} */
  #kept() {
    try {
      const kept = JSON.parse(this.#storage.getItem(this.#key) ?? "null");
      return typeof kept?.refreshToken === "string" ? kept : null;
    } catch {
      return null; // not written by us
    }
  }

  /** @param {StorageEvent} event */
  #changedElsewhere(event) {
    if (event.key !== this.#key || event.storageArea !== this.#storage) return;
    const kept = this.#kept();
    if (!kept) return this.end("signedOut");
    if (kept.userId === this.state.user?.id) return; // only rotated
    // Somebody else signed in over there, and tabs share one session.
    this.#access = null;
    this.#become("unknown", null, null);
  }

  /**
   * @param {SessionState["status"]} status
   * @param {User | null} user
   * @param {SessionReason | null} reason
   */
  #become(status, user, reason) {
    this.state = { status, user, reason };
    for (const listener of this.#listeners) listener(this.state);
  }
}

/**
 * A token was refused, not a password.
 * @param {unknown} error
 */
function refused(error) {
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
