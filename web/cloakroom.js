import { CloakroomError } from "./cloakroom/errors.js";
import { Http } from "./cloakroom/http.js";
import { Journal } from "./cloakroom/journal.js";
import { Pages, withQuery } from "./cloakroom/pages.js";
import { DEFAULT_POLICY } from "./cloakroom/retry.js";
import { Session } from "./cloakroom/session.js";
import { defaultStorage } from "./cloakroom/storage.js";
import { Uploads } from "./cloakroom/uploads.js";

export { CloakroomError, StorageError } from "./cloakroom/errors.js";
export { MemoryStorage } from "./cloakroom/storage.js";
export { Upload } from "./cloakroom/upload.js";

/**
 * @import { Profile, RetryPolicy, StorageLike, User, VersionedUser } from "./cloakroom/types.js"
 * @import { SessionState } from "./cloakroom/session.js"
 */

/**
 * @typedef {object} CloakroomOptions
 * @property {string} [baseUrl] The API's URL, for example "https://api.example.com". Default: the page's own origin.
 * @property {StorageLike} [storage] Stores the refresh token and unfinished uploads. Default: localStorage.
 * @property {Partial<RetryPolicy>} [retry] Overrides parts of the default retry policy.
 *
 * @typedef {{ email: string, password: string, name: string, profile?: Profile }} SignUpRequest
 *
 * @typedef {object} UpdateUserRequest Missing fields stay unchanged; `null` removes a field.
 * @property {string} [name]
 * @property {{ [Field in keyof Profile]?: Profile[Field] | null } | null} [profile]
 */

/** The browser client of the Cloakroom API: accounts, one session and file uploads. */
export class Cloakroom {
  #http;
  #session;

  /** @param {CloakroomOptions} [options] */
  constructor({ baseUrl = "", storage = defaultStorage(), retry = {} } = {}) {
    const policy = { ...DEFAULT_POLICY, ...retry };
    this.#http = new Http(baseUrl, policy);
    this.#session = new Session(this.#http, storage);
    /** The signed-in user's files. */
    this.uploads = new Uploads(this.#session, new Journal(storage, this.#http.baseUrl), policy);
  }

  /** The current session state of this page. */
  get session() {
    return this.#session.state;
  }

  /**
   * Calls `listener` after every change of the session.
   * @param {(session: SessionState) => void} listener
   * @returns {() => void} Removes the listener.
   */
  onSessionChange(listener) {
    return this.#session.onChange(listener);
  }

  /**
   * Restores the session of an earlier page. Call it once when the page loads.
   * @returns {Promise<SessionState>} Rejects only when the server cannot be reached.
   */
  async restore() {
    if (this.#session.state.status === "unknown") {
      await this.me().catch((error) => {
        if (this.#session.state.status !== "signedOut") throw error;
      });
    }
    return this.#session.state;
  }

  /**
   * Creates an account. It does not sign in.
   * @param {SignUpRequest} account
   * @returns {Promise<User | null>} `null` when the account is created only after the user follows the link in an e-mail; see `verifyEmail`.
   */
  async signUp(account) {
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    return (await this.#http.send("POST", "/signup", { body: account, headers })).data.user ?? null;
  }

  /**
   * Confirms the e-mail address of an account, or finishes a sign-up.
   * @param {string} token The text after `#verify-email=` or `#finish-sign-up=` in the e-mailed link.
   * @param {string} [password] The account's password; required to finish a sign-up.
   */
  async verifyEmail(token, password) {
    // Not retried: if the response was lost, the token is already used.
    await this.#http.send("POST", "/verify-email", { body: { token, password } });
  }

  /**
   * Sends an e-mail with a link to set a new password, if the address has an account. The response does not reveal whether
   * it has one.
   * @param {string} email
   */
  async forgotPassword(email) {
    await this.#http.send("POST", "/password/forgot", { body: { email }, retry: true });
  }

  /**
   * Sets a new password and ends all sessions of the user.
   * @param {string} token The text after `#reset-password=` in the e-mailed link.
   * @param {string} newPassword
   */
  async resetPassword(token, newPassword) {
    await this.#http.send("POST", "/password/reset", { body: { token, newPassword } });
  }

  /**
   * Signs in and starts a session.
   * @param {string} email
   * @param {string} password
   * @returns {Promise<User>}
   */
  async signIn(email, password) {
    const { data } = await this.#http.send("POST", "/signin", { body: { email, password } });
    this.#session.begin(data, data.user);
    return data.user;
  }

  /**
   * Ends the session in this browser immediately, and on the server if it can be reached. `everywhere` ends all sessions
   * of the user; it needs the server, so it can fail.
   * @param {{ everywhere?: boolean }} [options]
   */
  async signOut({ everywhere = false } = {}) {
    const { refreshToken } = this.#session;
    const body = refreshToken ? { refreshToken } : {};
    if (everywhere) {
      await this.#session.call("POST", "/signout?everywhere=true", { body, retry: true });
      return this.#session.end("signedOut");
    }
    this.#session.end("signedOut");
    if (!refreshToken) return;
    // The user is signed out of this browser in any case. If the server cannot be reached, the session expires there.
    await this.#http.send("POST", "/signout", { body, retry: true }).catch((error) => {
      if (!(error instanceof CloakroomError)) throw error;
    });
  }

  /**
   * Gets the signed-in user, with the `etag` for `updateMe`.
   * @returns {Promise<VersionedUser>}
   */
  async me() {
    return this.#versioned(await this.#session.call("GET", "/users/me"));
  }

  /**
   * Changes the signed-in user's name or profile.
   * @param {UpdateUserRequest} changes
   * @param {{ ifMatch?: string | null }} [options] The `etag` that the changes are based on. The server returns 412 when it
   *   is not the current one, so that concurrent changes are not overwritten.
   * @returns {Promise<VersionedUser>}
   */
  async updateMe(changes, { ifMatch } = {}) {
    return this.#versioned(await this.#session.call("PATCH", "/users/me", { body: changes, headers: { "If-Match": ifMatch } }));
  }

  /**
   * Changes the password and ends all other sessions of the user.
   * @param {string} currentPassword
   * @param {string} newPassword
   */
  async changePassword(currentPassword, newPassword) {
    // Not retried: if the response was lost, the current password has already changed.
    await this.#session.call("PUT", "/users/me/password", { body: { currentPassword, newPassword } });
  }

  /**
   * Deletes the account permanently.
   * @param {string} password
   */
  async deleteMe(password) {
    await this.#session.call("DELETE", "/users/me", { body: { password } });
    this.#session.end("deleted");
  }

  /**
   * Lists all other users, newest first.
   * @param {{ limit?: number, signal?: AbortSignal }} [options] `limit`: users per page.
   * @returns {Pages<User>}
   */
  users({ limit, signal } = {}) {
    return new Pages(async (cursor) => (await this.#session.call("GET", withQuery("/users", { limit, cursor }), { signal })).data);
  }

  /**
   * Gets one user.
   * @param {string} id
   * @returns {Promise<User>}
   */
  async user(id) {
    return (await this.#session.call("GET", `/users/${encodeURIComponent(id)}`)).data.user;
  }

  /**
   * @param {import("./cloakroom/http.js").ApiResponse} response
   * @returns {VersionedUser}
   */
  #versioned({ data, headers }) {
    this.#session.update(data.user);
    return { user: data.user, etag: headers.get("etag") };
  }
}
