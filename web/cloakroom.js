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
 * @property {string} [baseUrl] Where the API is, for example "https://api.example.com". Default: the page's own origin.
 * @property {StorageLike} [storage] Where the refresh token and unfinished uploads are kept. Default: localStorage.
 * @property {Partial<RetryPolicy>} [retry]
 *
 * @typedef {{ email: string, password: string, name: string, profile?: Profile }} NewAccount
 *
 * @typedef {object} UserChanges Absent stays as it is; null goes.
 * @property {string} [name]
 * @property {{ [Field in keyof Profile]?: Profile[Field] | null } | null} [profile]
 */

/** A browser's side of Cloakroom: accounts, one session, file uploads. */
export class Cloakroom {
  #http;
  #session;

  /** @param {CloakroomOptions} [options] */
  constructor({ baseUrl = "", storage = defaultStorage(), retry = {} } = {}) {
    const policy = { ...DEFAULT_POLICY, ...retry };
    this.#http = new Http(baseUrl, policy);
    this.#session = new Session(this.#http, storage);
    /** The caller's own files. */
    this.uploads = new Uploads(this.#session, new Journal(storage, this.#http.baseUrl), policy);
  }

  /** Who is signed in, as far as this page knows. */
  get session() {
    return this.#session.state;
  }

  /**
   * @param {(session: SessionState) => void} listener
   * @returns {() => void} Stops it.
   */
  onSessionChange(listener) {
    return this.#session.onChange(listener);
  }

  /**
   * Takes up the session of an earlier page. Call it once at the start.
   * @returns {Promise<SessionState>} Rejects only when the server can't be asked.
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
   * Makes an account. It does not sign in.
   * @param {NewAccount} account
   * @returns {Promise<User | null>} `null`: there will be one when the person follows the link in a mail, see `verifyEmail`.
   */
  async signUp(account) {
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    return (await this.#http.send("POST", "/signup", { body: account, headers })).data.user ?? null;
  }

  /**
   * Says that the address of an account is the person's own, or finishes a sign-up.
   * @param {string} token What follows `#verify-email=` or `#finish-sign-up=` in the mailed link.
   * @param {string} [password] The account's password, to finish a sign-up.
   */
  async verifyEmail(token, password) {
    // Not tried again: after a lost answer the token is used up.
    await this.#http.send("POST", "/verify-email", { body: { token, password } });
  }

  /**
   * Has a link mailed, if the address has an account. Whether it has is not told.
   * @param {string} email
   */
  async forgotPassword(email) {
    await this.#http.send("POST", "/password/forgot", { body: { email }, retry: true });
  }

  /**
   * Ends all sessions of the person.
   * @param {string} token What follows `#reset-password=` in the mailed link.
   * @param {string} newPassword
   */
  async resetPassword(token, newPassword) {
    await this.#http.send("POST", "/password/reset", { body: { token, newPassword } });
  }

  /**
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
   * Ends the session here at once, and at the server if it can be reached. `everywhere` ends all sessions of the person;
   * that has to reach the server, so it can fail.
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
    // The person is signed out of this browser whatever comes back; what can't be told to the server expires.
    await this.#http.send("POST", "/signout", { body, retry: true }).catch((error) => {
      if (!(error instanceof CloakroomError)) throw error;
    });
  }

  /**
   * The signed-in person, with the version for `updateMe`.
   * @returns {Promise<VersionedUser>}
   */
  async me() {
    return this.#versioned(await this.#session.call("GET", "/users/me"));
  }

  /**
   * @param {UserChanges} changes
   * @param {{ ifMatch?: string | null }} [options] The `etag` that the changes are meant for: 412 when it is not the
   *   current one, so that nobody's change is lost.
   * @returns {Promise<VersionedUser>}
   */
  async updateMe(changes, { ifMatch } = {}) {
    return this.#versioned(await this.#session.call("PATCH", "/users/me", { body: changes, headers: { "If-Match": ifMatch } }));
  }

  /**
   * Ends all other sessions of the person.
   * @param {string} currentPassword
   * @param {string} newPassword
   */
  async changePassword(currentPassword, newPassword) {
    // Not tried again: after a lost answer the current password is no longer the current one.
    await this.#session.call("PUT", "/users/me/password", { body: { currentPassword, newPassword } });
  }

  /**
   * Deletes the account, for good.
   * @param {string} password
   */
  async deleteMe(password) {
    await this.#session.call("DELETE", "/users/me", { body: { password } });
    this.#session.end("deleted");
  }

  /**
   * Everybody but the caller, newest first.
   * @param {{ limit?: number, signal?: AbortSignal }} [options] `limit`: how many in a page.
   * @returns {Pages<User>}
   */
  users({ limit, signal } = {}) {
    return new Pages(async (cursor) => (await this.#session.call("GET", withQuery("/users", { limit, cursor }), { signal })).data);
  }

  /**
   * @param {string} id
   * @returns {Promise<User>}
   */
  async user(id) {
    return (await this.#session.call("GET", `/users/${encodeURIComponent(id)}`)).data.user;
  }

  /**
   * @param {import("./cloakroom/http.js").Answer} answer
   * @returns {VersionedUser}
   */
  #versioned({ data, headers }) {
    this.#session.update(data.user);
    return { user: data.user, etag: headers.get("etag") };
  }
}
