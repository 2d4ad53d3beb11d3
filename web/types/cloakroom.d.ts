import { Admin } from "./cloakroom/admin.js";
import { Library } from "./cloakroom/library.js";
import { Orders } from "./cloakroom/orders.js";
import { Pages } from "./cloakroom/pages.js";
import { Products } from "./cloakroom/products.js";
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
export type Cancellable = import("./cloakroom/types.js").Cancellable;
export type Checkout = import("./cloakroom/types.js").Checkout;
export type CreateProductRequest = import("./cloakroom/types.js").CreateProductRequest;
export type CreateWebhookRequest = import("./cloakroom/types.js").CreateWebhookRequest;
export type DeviceSession = import("./cloakroom/types.js").DeviceSession;
export type Download = import("./cloakroom/types.js").Download;
export type Grantee = import("./cloakroom/types.js").Grantee;
export type LibraryEntry = import("./cloakroom/types.js").LibraryEntry;
export type LibraryFile = import("./cloakroom/types.js").LibraryFile;
export type LibraryProduct = import("./cloakroom/types.js").LibraryProduct;
export type ListOptions = import("./cloakroom/types.js").ListOptions;
export type ListedUpload = import("./cloakroom/types.js").ListedUpload;
export type ManagedUser = import("./cloakroom/types.js").ManagedUser;
export type Money = import("./cloakroom/types.js").Money;
export type OrderWithCheckout = import("./cloakroom/types.js").OrderWithCheckout;
export type Order = import("./cloakroom/types.js").Order;
export type ProductFile = import("./cloakroom/types.js").ProductFile;
export type Product = import("./cloakroom/types.js").Product;
export type ProfileChanges = import("./cloakroom/types.js").ProfileChanges;
export type Profile = import("./cloakroom/types.js").Profile;
export type Progress = import("./cloakroom/types.js").Progress;
export type ReadGrant = import("./cloakroom/types.js").ReadGrant;
export type Redelivery = import("./cloakroom/types.js").Redelivery;
export type RetryPolicy = import("./cloakroom/types.js").RetryPolicy;
export type RotatedWebhookSecret = import("./cloakroom/types.js").RotatedWebhookSecret;
export type Sharer = import("./cloakroom/types.js").Sharer;
export type SignUpRequest = import("./cloakroom/types.js").SignUpRequest;
export type StorageLike = import("./cloakroom/types.js").StorageLike;
export type StoredUpload = import("./cloakroom/types.js").StoredUpload;
export type UnfinishedUpload = import("./cloakroom/types.js").UnfinishedUpload;
export type UpdateProductRequest = import("./cloakroom/types.js").UpdateProductRequest;
export type UpdateUserRequest = import("./cloakroom/types.js").UpdateUserRequest;
export type UpdateWebhookRequest = import("./cloakroom/types.js").UpdateWebhookRequest;
export type UploadGrant = import("./cloakroom/types.js").UploadGrant;
export type UploadListOptions = import("./cloakroom/types.js").UploadListOptions;
export type UploadLock = import("./cloakroom/types.js").UploadLock;
export type UploadUsage = import("./cloakroom/types.js").UploadUsage;
export type UploadVersion = import("./cloakroom/types.js").UploadVersion;
export type UploadWithDownload = import("./cloakroom/types.js").UploadWithDownload;
export type User = import("./cloakroom/types.js").User;
export type UserExport = import("./cloakroom/types.js").UserExport;
export type VersionedProduct = import("./cloakroom/types.js").VersionedProduct;
export type VersionedUser = import("./cloakroom/types.js").VersionedUser;
export type VersionedWebhookEndpoint = import("./cloakroom/types.js").VersionedWebhookEndpoint;
export type WebhookAttempt = import("./cloakroom/types.js").WebhookAttempt;
export type WebhookDeliveryListOptions = import("./cloakroom/types.js").WebhookDeliveryListOptions;
export type WebhookDelivery = import("./cloakroom/types.js").WebhookDelivery;
export type WebhookEndpointWithSecret = import("./cloakroom/types.js").WebhookEndpointWithSecret;
export type WebhookEndpoint = import("./cloakroom/types.js").WebhookEndpoint;
export type FieldProblem = import("./cloakroom/errors.js").FieldProblem;
export type SessionReason = import("./cloakroom/session.js").SessionReason;
export type SessionState = import("./cloakroom/session.js").SessionState;
export type UploadOptions = import("./cloakroom/upload.js").UploadOptions;
export type UploadState = import("./cloakroom/upload.js").UploadState;
export type Page<T> = import("./cloakroom/pages.js").Page<T>;
export type CloakroomOptions = {
    /**
     * The API's URL, for example "https://api.example.com". Default: the page's own origin.
     */
    baseUrl?: string;
    /**
     * Stores the refresh token and unfinished uploads. Default: localStorage.
     */
    storage?: StorageLike;
    /**
     * Overrides parts of the default retry policy.
     */
    retry?: Partial<RetryPolicy>;
};
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
export declare class Cloakroom {
    #private;
    /** The signed-in user's files. */
    uploads: Uploads;
    /** What is for sale, and what the signed-in user sells. */
    products: Products;
    /** The products that the signed-in user has bought or was given. */
    library: Library;
    /** The signed-in user's orders. */
    orders: Orders;
    /** The calls for administrators. */
    admin: Admin;
    /** The endpoints that receive events, for administrators. */
    webhooks: Webhooks;
    /** @param {CloakroomOptions} [options] */
    constructor({ baseUrl, storage, retry }?: CloakroomOptions);
    /** The API's URL. */
    get baseUrl(): string;
    /** The current session state of this page. */
    get session(): import("./cloakroom/session.js").SessionState;
    /**
     * Calls `listener` after every change of the session.
     * @param {(session: SessionState) => void} listener
     * @returns {() => void} Removes the listener.
     */
    onSessionChange(listener: (session: SessionState) => void): () => void;
    /**
     * Restores the session of an earlier page. Call it once when the page loads; concurrent calls share one request.
     * @returns {Promise<SessionState>} Rejects only when the server cannot be reached.
     */
    restore(): Promise<SessionState>;
    /**
     * Returns a valid access token, for requests to other servers that verify it. Renews it when necessary.
     * @param {Cancellable} [options]
     * @returns {Promise<string>}
     */
    accessToken({ signal }?: Cancellable): Promise<string>;
    /**
     * Creates an account. It does not sign in.
     * @param {SignUpRequest} account
     * @param {Cancellable} [options]
     * @returns {Promise<User | null>} `null` when the account is created only after the user follows the link in an e-mail; see `verifyEmail`.
     */
    signUp(account: SignUpRequest, { signal }?: Cancellable): Promise<User | null>;
    /**
     * Confirms the e-mail address of an account, or finishes a sign-up.
     * @param {string} token The text after `#verify-email=` or `#finish-sign-up=` in the e-mailed link.
     * @param {string} [password] The account's password; required to finish a sign-up.
     * @param {Cancellable} [options]
     */
    verifyEmail(token: string, password?: string, { signal }?: Cancellable): Promise<void>;
    /**
     * Sends an e-mail with a link to set a new password, if the address has an account. The response does not reveal whether
     * it has one.
     * @param {string} email
     * @param {Cancellable} [options]
     */
    forgotPassword(email: string, { signal }?: Cancellable): Promise<void>;
    /**
     * Sets a new password and ends all sessions of the user.
     * @param {string} token The text after `#reset-password=` in the e-mailed link.
     * @param {string} newPassword
     * @param {Cancellable} [options]
     */
    resetPassword(token: string, newPassword: string, { signal }?: Cancellable): Promise<void>;
    /**
     * Signs in and starts a session.
     * @param {string} email
     * @param {string} password
     * @param {Cancellable} [options]
     * @returns {Promise<User>}
     */
    signIn(email: string, password: string, { signal }?: Cancellable): Promise<User>;
    /**
     * Ends the session in this browser immediately, and on the server if it can be reached. `everywhere` ends all sessions
     * of the user; it needs the server, so it can fail.
     * @param {Cancellable & { everywhere?: boolean }} [options]
     */
    signOut({ everywhere, signal }?: Cancellable & {
        everywhere?: boolean;
    }): Promise<void>;
    /**
     * Gets the signed-in user, with the `etag` for `updateMe`.
     * @param {Cancellable} [options]
     * @returns {Promise<VersionedUser>}
     */
    me({ signal }?: Cancellable): Promise<VersionedUser>;
    /**
     * Changes the signed-in user's name or profile.
     * @param {UpdateUserRequest} changes
     * @param {Cancellable & { ifMatch?: string | null }} [options] The `etag` that the changes are based on. The server returns 412 when it
     *   is not the current one, so that concurrent changes are not overwritten.
     * @returns {Promise<VersionedUser>}
     */
    updateMe(changes: UpdateUserRequest, { ifMatch, signal }?: Cancellable & {
        ifMatch?: string | null;
    }): Promise<VersionedUser>;
    /**
     * Changes the password and ends all other sessions of the user.
     * @param {string} currentPassword
     * @param {string} newPassword
     * @param {Cancellable} [options]
     */
    changePassword(currentPassword: string, newPassword: string, { signal }?: Cancellable): Promise<void>;
    /**
     * Deletes the account permanently.
     * @param {string} password
     * @param {Cancellable} [options]
     */
    deleteMe(password: string, { signal }?: Cancellable): Promise<void>;
    /**
     * Gets all that is kept about the signed-in user, and merges the pages. It holds everything in memory; an error of one page is an error
     * of all.
     * @param {Cancellable} [options]
     * @returns {Promise<UserExport>}
     */
    exportMe({ signal }?: Cancellable): Promise<UserExport>;
    /**
     * Lists the sessions of the signed-in user, newest first.
     * @param {ListOptions} [options]
     * @returns {Pages<DeviceSession>}
     */
    sessions(options?: ListOptions): Pages<DeviceSession>;
    /**
     * Ends one session of the signed-in user. Use `signOut` for the session of this browser.
     * @param {string} id
     * @param {Cancellable} [options]
     */
    endSession(id: string, { signal }?: Cancellable): Promise<void>;
    /**
     * Lists all other users, newest first.
     * @param {ListOptions} [options]
     * @returns {Pages<User>}
     */
    users(options?: ListOptions): Pages<User>;
    /**
     * Gets one user.
     * @param {string} id
     * @param {Cancellable} [options]
     * @returns {Promise<User>}
     */
    user(id: string, { signal }?: Cancellable): Promise<User>;
    /**
     * Gets the public keys that verify access tokens: a JWK set (RFC 7517).
     * @param {Cancellable} [options]
     * @returns {Promise<{ keys: JsonWebKey[] }>}
     */
    jwks({ signal }?: Cancellable): Promise<{
        keys: JsonWebKey[];
    }>;
    /**
     * Gets the discovery document, which names the issuer and the URL of the public keys.
     * @param {Cancellable} [options]
     * @returns {Promise<{ issuer: string, jwks_uri: string, [name: string]: unknown }>}
     */
    openidConfiguration({ signal }?: Cancellable): Promise<{
        issuer: string;
        jwks_uri: string;
        [name: string]: unknown;
    }>;
}
