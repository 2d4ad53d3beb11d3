import { Admin } from "./cloakroom/admin.js";
import { CloakroomError } from "./cloakroom/errors.js";
import { Http } from "./cloakroom/http.js";
import { Journal } from "./cloakroom/journal.js";
import { Library } from "./cloakroom/library.js";
import { Orders } from "./cloakroom/orders.js";
import { Pages, withQuery } from "./cloakroom/pages.js";
import { Products } from "./cloakroom/products.js";
import { DEFAULT_POLICY } from "./cloakroom/retry.js";
import { Session } from "./cloakroom/session.js";
import { defaultStorage } from "./cloakroom/storage.js";
import { Uploads } from "./cloakroom/uploads.js";
import { Webhooks } from "./cloakroom/webhooks.js";

export { Admin } from "./cloakroom/admin.js";
export { CloakroomError, StorageError } from "./cloakroom/errors.js";
export { Library } from "./cloakroom/library.js";
export { Orders } from "./cloakroom/orders.js";
export { Pages } from "./cloakroom/pages.js";
export { Products } from "./cloakroom/products.js";
export { MemoryStorage } from "./cloakroom/storage.js";
export { Upload } from "./cloakroom/upload.js";
export { Uploads } from "./cloakroom/uploads.js";
export { Webhooks } from "./cloakroom/webhooks.js";

/**
 * The types that applications can import.
 *
 * @typedef {import("./cloakroom/types.js").Cancellable} Cancellable
 * @typedef {import("./cloakroom/types.js").Checkout} Checkout
 * @typedef {import("./cloakroom/types.js").CreateProductRequest} CreateProductRequest
 * @typedef {import("./cloakroom/types.js").CreateWebhookRequest} CreateWebhookRequest
 * @typedef {import("./cloakroom/types.js").DeviceSession} DeviceSession
 * @typedef {import("./cloakroom/types.js").Download} Download
 * @typedef {import("./cloakroom/types.js").Grantee} Grantee
 * @typedef {import("./cloakroom/types.js").LibraryEntry} LibraryEntry
 * @typedef {import("./cloakroom/types.js").LibraryFile} LibraryFile
 * @typedef {import("./cloakroom/types.js").LibraryProduct} LibraryProduct
 * @typedef {import("./cloakroom/types.js").ListOptions} ListOptions
 * @typedef {import("./cloakroom/types.js").ListedUpload} ListedUpload
 * @typedef {import("./cloakroom/types.js").ManagedUser} ManagedUser
 * @typedef {import("./cloakroom/types.js").Money} Money
 * @typedef {import("./cloakroom/types.js").OrderWithCheckout} OrderWithCheckout
 * @typedef {import("./cloakroom/types.js").Order} Order
 * @typedef {import("./cloakroom/types.js").ProductFile} ProductFile
 * @typedef {import("./cloakroom/types.js").Product} Product
 * @typedef {import("./cloakroom/types.js").ProfileChanges} ProfileChanges
 * @typedef {import("./cloakroom/types.js").Profile} Profile
 * @typedef {import("./cloakroom/types.js").Progress} Progress
 * @typedef {import("./cloakroom/types.js").ReadGrant} ReadGrant
 * @typedef {import("./cloakroom/types.js").Redelivery} Redelivery
 * @typedef {import("./cloakroom/types.js").RetryPolicy} RetryPolicy
 * @typedef {import("./cloakroom/types.js").RotatedWebhookSecret} RotatedWebhookSecret
 * @typedef {import("./cloakroom/types.js").Sharer} Sharer
 * @typedef {import("./cloakroom/types.js").SignUpRequest} SignUpRequest
 * @typedef {import("./cloakroom/types.js").StorageLike} StorageLike
 * @typedef {import("./cloakroom/types.js").StoredUpload} StoredUpload
 * @typedef {import("./cloakroom/types.js").UnfinishedUpload} UnfinishedUpload
 * @typedef {import("./cloakroom/types.js").UpdateProductRequest} UpdateProductRequest
 * @typedef {import("./cloakroom/types.js").UpdateUserRequest} UpdateUserRequest
 * @typedef {import("./cloakroom/types.js").UpdateWebhookRequest} UpdateWebhookRequest
 * @typedef {import("./cloakroom/types.js").UploadGrant} UploadGrant
 * @typedef {import("./cloakroom/types.js").UploadListOptions} UploadListOptions
 * @typedef {import("./cloakroom/types.js").UploadLock} UploadLock
 * @typedef {import("./cloakroom/types.js").UploadUsage} UploadUsage
 * @typedef {import("./cloakroom/types.js").UploadVersion} UploadVersion
 * @typedef {import("./cloakroom/types.js").UploadWithDownload} UploadWithDownload
 * @typedef {import("./cloakroom/types.js").User} User
 * @typedef {import("./cloakroom/types.js").UserExport} UserExport
 * @typedef {import("./cloakroom/types.js").VersionedProduct} VersionedProduct
 * @typedef {import("./cloakroom/types.js").VersionedUser} VersionedUser
 * @typedef {import("./cloakroom/types.js").VersionedWebhookEndpoint} VersionedWebhookEndpoint
 * @typedef {import("./cloakroom/types.js").WebhookAttempt} WebhookAttempt
 * @typedef {import("./cloakroom/types.js").WebhookDeliveryListOptions} WebhookDeliveryListOptions
 * @typedef {import("./cloakroom/types.js").WebhookDelivery} WebhookDelivery
 * @typedef {import("./cloakroom/types.js").WebhookEndpointWithSecret} WebhookEndpointWithSecret
 * @typedef {import("./cloakroom/types.js").WebhookEndpoint} WebhookEndpoint
 * @typedef {import("./cloakroom/errors.js").FieldProblem} FieldProblem
 * @typedef {import("./cloakroom/session.js").SessionReason} SessionReason
 * @typedef {import("./cloakroom/session.js").SessionState} SessionState
 * @typedef {import("./cloakroom/upload.js").UploadOptions} UploadOptions
 * @typedef {import("./cloakroom/upload.js").UploadState} UploadState
 */

/**
 * @template T
 * @typedef {import("./cloakroom/pages.js").Page<T>} Page
 */

/**
 * @typedef {object} CloakroomOptions
 * @property {string} [baseUrl] The API's URL, for example "https://api.example.com". Default: the page's own origin.
 * @property {StorageLike} [storage] Stores the refresh token and unfinished uploads. Default: localStorage.
 * @property {Partial<RetryPolicy>} [retry] Overrides parts of the default retry policy.
 */

/** The browser client of the Cloakroom API: accounts, one session, file uploads, products and orders. */
export class Cloakroom {
  #http;
  #session;
  /** @type {Promise<SessionState> | null} */
  #restoring = null;

  /** @param {CloakroomOptions} [options] */
  constructor({ baseUrl = "", storage = defaultStorage(), retry = {} } = {}) {
    const policy = { ...DEFAULT_POLICY, ...retry };
    this.#http = new Http(baseUrl, policy);
    this.#session = new Session(this.#http, storage);
    /** The signed-in user's files. */
    this.uploads = new Uploads(this.#session, new Journal(storage, this.#http.baseUrl), policy);
    /** What is for sale, and what the signed-in user sells. */
    this.products = new Products(this.#http, this.#session);
    /** The products that the signed-in user has bought or was given. */
    this.library = new Library(this.#session);
    /** The signed-in user's orders. */
    this.orders = new Orders(this.#session);
    /** The calls for administrators. */
    this.admin = new Admin(this.#session);
    /** The endpoints that receive events, for administrators. */
    this.webhooks = new Webhooks(this.#session);
  }

  /** The API's URL. */
  get baseUrl() {
    return this.#http.baseUrl;
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
   * Restores the session of an earlier page. Call it once when the page loads; concurrent calls share one request.
   * @returns {Promise<SessionState>} Rejects only when the server cannot be reached.
   */
  restore() {
    this.#restoring ??= this.#restore().finally(() => (this.#restoring = null));
    return this.#restoring;
  }

  async #restore() {
    if (this.#session.state.status === "unknown") {
      await this.me().catch((error) => {
        if (this.#session.state.status !== "signedOut") throw error;
      });
    }
    return this.#session.state;
  }

  /**
   * Returns a valid access token, for requests to other servers that verify it. Renews it when necessary.
   * @param {Cancellable} [options]
   * @returns {Promise<string>}
   */
  async accessToken({ signal } = {}) {
    const token = await this.#session.accessToken();
    signal?.throwIfAborted();
    return token;
  }

  /**
   * Creates an account. It does not sign in.
   * @param {SignUpRequest} account
   * @param {Cancellable} [options]
   * @returns {Promise<User | null>} `null` when the account is created only after the user follows the link in an e-mail; see `verifyEmail`.
   */
  async signUp(account, { signal } = {}) {
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    return (await this.#http.send("POST", "/signup", { body: account, headers, signal })).data.user ?? null;
  }

  /**
   * Confirms the e-mail address of an account, or finishes a sign-up.
   * @param {string} token The text after `#verify-email=` or `#finish-sign-up=` in the e-mailed link.
   * @param {string} [password] The account's password; required to finish a sign-up.
   * @param {Cancellable} [options]
   */
  async verifyEmail(token, password, { signal } = {}) {
    // Not retried: if the response was lost, the token is already used.
    await this.#http.send("POST", "/verify-email", { body: { token, password }, signal });
  }

  /**
   * Sends an e-mail with a link to set a new password, if the address has an account. The response does not reveal whether
   * it has one.
   * @param {string} email
   * @param {Cancellable} [options]
   */
  async forgotPassword(email, { signal } = {}) {
    await this.#http.send("POST", "/password/forgot", { body: { email }, signal, retry: true });
  }

  /**
   * Sets a new password and ends all sessions of the user.
   * @param {string} token The text after `#reset-password=` in the e-mailed link.
   * @param {string} newPassword
   * @param {Cancellable} [options]
   */
  async resetPassword(token, newPassword, { signal } = {}) {
    await this.#http.send("POST", "/password/reset", { body: { token, newPassword }, signal });
  }

  /**
   * Signs in and starts a session.
   * @param {string} email
   * @param {string} password
   * @param {Cancellable} [options]
   * @returns {Promise<User>}
   */
  async signIn(email, password, { signal } = {}) {
    const { data } = await this.#http.send("POST", "/signin", { body: { email, password }, signal });
    this.#session.begin(data, data.user);
    return data.user;
  }

  /**
   * Ends the session in this browser immediately, and on the server if it can be reached. `everywhere` ends all sessions
   * of the user; it needs the server, so it can fail.
   * @param {Cancellable & { everywhere?: boolean }} [options]
   */
  async signOut({ everywhere = false, signal } = {}) {
    const { refreshToken } = this.#session;
    const body = refreshToken ? { refreshToken } : {};
    if (everywhere) {
      await this.#session.call("POST", "/signout?everywhere=true", { body, signal, retry: true });
      return this.#session.end("signedOut");
    }
    this.#session.end("signedOut");
    if (!refreshToken) return;
    // The user is signed out of this browser in any case. If the server cannot be reached, the session expires there.
    await this.#http.send("POST", "/signout", { body, signal, retry: true }).catch((error) => {
      if (!(error instanceof CloakroomError)) throw error;
    });
  }

  /**
   * Gets the signed-in user, with the `etag` for `updateMe`.
   * @param {Cancellable} [options]
   * @returns {Promise<VersionedUser>}
   */
  async me({ signal } = {}) {
    return this.#versioned(await this.#session.call("GET", "/users/me", { signal }));
  }

  /**
   * Changes the signed-in user's name or profile.
   * @param {UpdateUserRequest} changes
   * @param {Cancellable & { ifMatch?: string | null }} [options] The `etag` that the changes are based on. The server returns 412 when it
   *   is not the current one, so that concurrent changes are not overwritten.
   * @returns {Promise<VersionedUser>}
   */
  async updateMe(changes, { ifMatch, signal } = {}) {
    const headers = { "If-Match": ifMatch };
    return this.#versioned(await this.#session.call("PATCH", "/users/me", { body: changes, headers, signal }));
  }

  /**
   * Changes the password and ends all other sessions of the user.
   * @param {string} currentPassword
   * @param {string} newPassword
   * @param {Cancellable} [options]
   */
  async changePassword(currentPassword, newPassword, { signal } = {}) {
    // Not retried: if the response was lost, the current password has already changed.
    await this.#session.call("PUT", "/users/me/password", { body: { currentPassword, newPassword }, signal });
  }

  /**
   * Deletes the account permanently.
   * @param {string} password
   * @param {Cancellable} [options]
   */
  async deleteMe(password, { signal } = {}) {
    await this.#session.call("DELETE", "/users/me", { body: { password }, signal });
    this.#session.end("deleted");
  }

  /**
   * Gets all that is kept about the signed-in user, and merges the pages. It holds everything in memory; an error of one page is an error
   * of all.
   * @param {Cancellable} [options]
   * @returns {Promise<UserExport>}
   */
  async exportMe({ signal } = {}) {
    /** @type {any} */
    const all = {};
    /** @type {string | null} */
    let cursor = null;
    do {
      /** @type {Record<string, any>} */
      const { next, ...page } = (await this.#session.call("GET", withQuery("/users/me/export", { limit: 100, cursor }), { signal })).data;
      for (const [name, value] of Object.entries(page)) all[name] = Array.isArray(value) ? (all[name] ?? []).concat(value) : value;
      cursor = next ?? null;
    } while (cursor !== null);
    return all;
  }

  /**
   * Lists the sessions of the signed-in user, newest first.
   * @param {ListOptions} [options]
   * @returns {Pages<DeviceSession>}
   */
  sessions(options) {
    return this.#pages("/users/me/sessions", options);
  }

  /**
   * Ends one session of the signed-in user. Use `signOut` for the session of this browser.
   * @param {string} id
   * @param {Cancellable} [options]
   */
  async endSession(id, { signal } = {}) {
    await this.#session.call("DELETE", `/users/me/sessions/${encodeURIComponent(id)}`, { signal, retry: true });
  }

  /**
   * Lists all other users, newest first.
   * @param {ListOptions} [options]
   * @returns {Pages<User>}
   */
  users(options) {
    return this.#pages("/users", options);
  }

  /**
   * Gets one user.
   * @param {string} id
   * @param {Cancellable} [options]
   * @returns {Promise<User>}
   */
  async user(id, { signal } = {}) {
    return (await this.#session.call("GET", `/users/${encodeURIComponent(id)}`, { signal })).data.user;
  }

  /**
   * Gets the public keys that verify access tokens: a JWK set (RFC 7517).
   * @param {Cancellable} [options]
   * @returns {Promise<{ keys: JsonWebKey[] }>}
   */
  async jwks({ signal } = {}) {
    return (await this.#http.send("GET", "/.well-known/jwks.json", { signal })).data;
  }

  /**
   * Gets the discovery document, which names the issuer and the URL of the public keys.
   * @param {Cancellable} [options]
   * @returns {Promise<{ issuer: string, jwks_uri: string, [name: string]: unknown }>}
   */
  async openidConfiguration({ signal } = {}) {
    return (await this.#http.send("GET", "/.well-known/openid-configuration", { signal })).data;
  }

  /**
   * @param {string} path
   * @param {ListOptions} [options]
   * @returns {Pages<any>}
   */
  #pages(path, { limit, signal } = {}) {
    return new Pages(async (cursor) => (await this.#session.call("GET", withQuery(path, { limit, cursor }), { signal })).data);
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
