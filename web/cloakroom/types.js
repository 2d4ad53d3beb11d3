/**
 * The types of the API and of the client. This file contains no code; other modules import the types in comments.
 * `packaging/contract.ts` checks the types of the API against docs/openapi.json.
 *
 * @typedef {{ signal?: AbortSignal }} Cancellable The options of every call: `signal` cancels it.
 *
 * @typedef {Cancellable & { limit?: number }} ListOptions `limit`: items per page.
 *
 * @typedef {ListOptions & ({ email?: string, name?: undefined } | { name?: string, email?: undefined })} UserSearch `email`: the user
 *   with this address. `name`: the beginning of the names, at least two characters.
 *
 * @typedef {{ firstName?: string, lastName?: string, city?: string, age?: number }} Profile
 *
 * @typedef {object} User
 * @property {string} id
 * @property {string} [email] Present only for the signed-in user, or when the caller is an administrator.
 * @property {string} name
 * @property {Profile} [profile] Present under the same condition as `email`.
 * @property {string[]} roles
 * @property {string} createdAt RFC 3339, UTC.
 * @property {string} updatedAt
 *
 * @typedef {User & { status: "active" | "disabled" }} ManagedUser A user as administrators see it. A disabled user cannot sign in.
 *
 * @typedef {object} MailBlock Why no mail is sent to an address.
 * @property {"bounce" | "complaint"} reason
 * @property {string} since RFC 3339, UTC.
 *
 * @typedef {ManagedUser & { mailBlock: MailBlock | null }} ManagedUserDetails A user, and why no mail is sent to the user's address.
 *
 * @typedef {"admin" | "seller"} RoleName
 *
 * @typedef {{ user: User, etag: string | null }} VersionedUser
 *
 * @typedef {{ [Field in keyof Profile]?: Profile[Field] | null }} ProfileChanges `null` removes a field.
 *
 * @typedef {{ email: string, password: string, name: string, profile?: ProfileChanges | null }} SignUpRequest
 *
 * @typedef {{ name?: string, profile?: ProfileChanges | null }} UpdateUserRequest Missing fields stay unchanged; `null` removes a field.
 *
 * @typedef {object} Tokens The tokens in the responses of sign-in and refresh.
 * @property {string} tokenType
 * @property {string} accessToken
 * @property {number} expiresIn Seconds.
 * @property {string} refreshToken
 *
 * @typedef {object} DeviceSession A session of the signed-in user, in this browser or another.
 * @property {string} id
 * @property {boolean} current Whether it is the session of this client.
 * @property {string} createdAt
 * @property {string} lastUsedAt
 *
 * @typedef {object} StoredUpload The record of a file.
 * @property {string} id
 * @property {string} filename
 * @property {string} contentType
 * @property {number | null} [size] Bytes; `null` until it is known.
 * @property {string | null} [sha256]
 * @property {"pending" | "stored" | "failed" | "deleted"} status
 * @property {string} createdAt
 * @property {string | null} [storedAt]
 *
 * @typedef {object} Sharer The owner of a file that is shared with the signed-in user.
 * @property {string} id
 * @property {string | null} [name] `null` if the account is deleted.
 *
 * @typedef {StoredUpload & { sharedBy?: Sharer, sharedAt?: string, thumbnail?: Download }} ListedUpload A file in a list. `sharedBy` and `sharedAt` are present if
 *   it is another user's, `thumbnail` if one was sent with it.
 *
 * @typedef {ListOptions & { shared?: "with-me" }} UploadListOptions `shared: "with-me"` lists the files that other users share with the
 *   signed-in user.
 *
 * @typedef {{ url: string, expiresAt: string }} Download A presigned URL.
 *
 * @typedef {StoredUpload & { download?: Download, thumbnail?: Download }} UploadWithDownload `download` is present when the file is stored,
 *   `thumbnail` if one was sent with it.
 *
 * @typedef {object} UploadVersion
 * @property {string} versionId
 * @property {number} size Bytes.
 * @property {string} storedAt
 * @property {boolean} isCurrent Whether this is the version that downloads return.
 *
 * @typedef {object} UploadUsage
 * @property {number} used Bytes of the current files and open uploads.
 * @property {number} kept Bytes of the deleted files that can be restored.
 * @property {number} quota The limit of each of the two.
 *
 * @typedef {{ lockedUntil: string, upload: StoredUpload }} UploadLock
 *
 * @typedef {object} ReadGrant Has a `grantee` or an `email`.
 * @property {string} [grantee] A user's id, or `everyone`.
 * @property {string} [email] The address that the file is shared with.
 * @property {string} grantedAt
 *
 * @typedef {string | { grantee?: string, email?: string }} Grantee A user's id, `everyone`, or an object with an `email`, such as a `ReadGrant`.
 *
 * @typedef {object} UploadGrant
 * @property {string} companionEndpoint The URL for Uppy's option `companionEndpoint`. It allows uploads without an access token.
 * @property {string} expiresAt
 *
 * @typedef {{ method: "PUT", url: string, headers: Record<string, string>, expiresAt: string }} SinglePut
 * @typedef {{ method: "MULTIPART", partSize: number, partCount: number, expiresAt: string }} Multipart
 * @typedef {{ contentType: "image/webp" | "image/jpeg" | "image/png", size: number }} CreateThumbnail
 * @typedef {{ url: string, headers: Record<string, string>, expiresAt: string }} ThumbnailTransfer
 * @typedef {{ upload: StoredUpload, transfer: SinglePut | Multipart, thumbnailTransfer?: ThumbnailTransfer }} CreateUploadResponse The response of `POST /uploads`.
 *
 * @typedef {{ partNumber: number, url: string, headers: Record<string, string>, expiresAt: string }} SignedPart
 * @typedef {{ partNumber: number, size: number, etag: string }} StoredPart
 *
 * @typedef {{ amount: number, currency: string }} Money `amount`: minor units, such as 499 for 4.99 EUR and for 499 JPY. `currency`: ISO 4217.
 *
 * @typedef {{ uploadId: string, filename?: string, size?: number }} ProductFile `filename` and `size` are missing until the product is published.
 *
 * @typedef {object} Product
 * @property {string} id
 * @property {string} sellerId
 * @property {string} title
 * @property {string} description
 * @property {Money} price
 * @property {ProductFile[]} files
 * @property {"draft" | "published" | "archived"} status
 * @property {string} createdAt RFC 3339, UTC.
 * @property {string} updatedAt
 * @property {string} [publishedAt]
 *
 * @typedef {{ product: Product, etag: string | null }} VersionedProduct
 *
 * @typedef {{ title: string, description?: string | null, price: Money, files: string[] }} CreateProductRequest `files`: ids of uploads.
 *
 * @typedef {{ title?: string, description?: string | null, price?: Money, files?: string[] }} UpdateProductRequest Missing fields stay unchanged.
 *
 * @typedef {{ id: string, title: string, sellerId?: string }} LibraryProduct
 *
 * @typedef {{ uploadId: string, filename: string, size: number }} LibraryFile `size`: bytes.
 *
 * @typedef {{ product: LibraryProduct, grantedAt: string, files: LibraryFile[] }} LibraryEntry A product that the signed-in user has.
 *
 * @typedef {object} Order
 * @property {string} id
 * @property {string} productId
 * @property {string} title The title of the product when it was ordered.
 * @property {string} sellerId
 * @property {Money} price The price when it was ordered.
 * @property {"pending" | "paid" | "failed" | "expired" | "cancelled" | "refunded" | "disputed"} status `paid`: the product is in the
 *   library. `refunded`: the whole price was paid back. `disputed`: the buyer's bank disputes the payment.
 * @property {number} refundedAmount The part of the price that was paid back, in minor units.
 * @property {string} createdAt RFC 3339, UTC.
 * @property {string} updatedAt
 * @property {string} [paidAt]
 *
 * @typedef {{ url: string, expiresAt: string }} Checkout `url`: the page of the payment provider. The order expires with its checkout.
 *
 * @typedef {{ order: Order, checkout: Checkout | null }} OrderWithCheckout `checkout` is `null` if nothing has to be paid.
 *
 * @typedef {object} WebhookEndpoint
 * @property {string} id
 * @property {string} url Where events are sent.
 * @property {string[] | null} [eventTypes] `null`: it receives events of all types.
 * @property {string} description
 * @property {boolean} enabled Whether it receives events.
 * @property {"administrator" | "gone" | "failing" | null} [disabledReason] `gone`: it responded with 410. `failing`: all attempts failed
 *   for five days.
 * @property {string | null} [failingSince] `null` if the last attempt succeeded.
 * @property {string} createdAt RFC 3339, UTC.
 * @property {string} updatedAt
 *
 * @typedef {{ endpoint: WebhookEndpoint, etag: string | null }} VersionedWebhookEndpoint
 *
 * @typedef {{ endpoint: WebhookEndpoint, secret: string }} WebhookEndpointWithSecret
 *
 * @typedef {{ url: string, description?: string | null, eventTypes?: string[] | null, enabled?: boolean | null }} CreateWebhookRequest
 *   Without `eventTypes`, the endpoint receives events of all types.
 *
 * @typedef {{ url?: string, description?: string | null, eventTypes?: string[] | null, enabled?: boolean }} UpdateWebhookRequest Missing
 *   fields stay unchanged. `eventTypes: null`: events of all types.
 *
 * @typedef {{ secret: string, previousSecretExpiresAt: string }} RotatedWebhookSecret Until `previousSecretExpiresAt`, deliveries also have
 *   the signature of the previous secret.
 *
 * @typedef {object} WebhookAttempt
 * @property {string} at RFC 3339, UTC.
 * @property {number | null} [status] The status of the response; `null` without a response.
 * @property {"unknown_host" | "forbidden_address" | "connection" | "tls" | "protocol" | "timeout" | null} [failure] Why there was no
 *   response.
 * @property {number} durationMs
 *
 * @typedef {object} WebhookDelivery The delivery of an event to an endpoint.
 * @property {string} id The id of the event, which is the `webhook-id` of each attempt.
 * @property {string} eventType
 * @property {"pending" | "delivered" | "failed"} status
 * @property {WebhookAttempt[]} attempts Oldest first.
 * @property {string | null} [nextAttemptAt] `null` if there is none.
 * @property {boolean} canRedeliver `false` if its payload was erased because it named a deleted user.
 * @property {string} createdAt
 *
 * @typedef {ListOptions & { status?: WebhookDelivery["status"] }} WebhookDeliveryListOptions
 *
 * @typedef {{ count: number, isComplete: boolean }} Redelivery How many deliveries are sent again, and whether these are all.
 *
 * @typedef {object} Progress
 * @property {number} loaded Bytes.
 * @property {number} total Bytes.
 * @property {number} bytesPerSecond Average of the last five seconds; 0 while unknown.
 * @property {number | null} remainingSeconds `null` while unknown.
 *
 * @typedef {object} UnfinishedUpload An upload that an earlier page started and did not finish.
 * @property {string} uploadId
 * @property {string} userId
 * @property {string} filename
 * @property {string} contentType
 * @property {number} size Bytes.
 * @property {number} lastModified The file's time of last change, in milliseconds since 1970.
 * @property {string} fingerprint The fingerprint of the file's content; see `fingerprint()`.
 * @property {number} partSize Bytes.
 * @property {number} partCount
 * @property {number} loaded Bytes uploaded so far.
 * @property {string} startedAt
 *
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">} StorageLike
 *
 * @typedef {object} RetryPolicy
 * @property {number} attempts Maximum number of attempts, including the first.
 * @property {number} baseMilliseconds Maximum of the first wait. The maximum doubles with each attempt.
 * @property {number} maxMilliseconds Upper limit of every wait, not counting `Retry-After`.
 * @property {number} maxRetryAfterSeconds A longer `Retry-After` ends the retries.
 *
 * @typedef {User & { emailVerifiedAt?: string | null, mailBlock?: MailBlock | null }} ExportedUser
 *
 * @typedef {StoredUpload & { lockedUntil?: string | null, soldIn: string[] }} ExportedUpload An upload of any status, or a thumbnail.
 *
 * @typedef {ReadGrant & { uploadId: string }} SharedUpload A grant to read a file of the signed-in user.
 *
 * @typedef {{ uploadId: string, ownerId: string, grantedAt: string }} ReceivedUpload A grant to read a file of another user.
 *
 * @typedef {{ orderId?: string | null, active: boolean }} RightSource An order, or a gift of an administrator.
 *
 * @typedef {object} ExportedRight
 * @property {string} productId
 * @property {string | null} [title]
 * @property {string | null} [grantedAt] `null` if the right has ended.
 * @property {string} updatedAt
 * @property {RightSource[]} sources
 *
 * @typedef {object} UserExport All that is kept about the signed-in user.
 * @property {ExportedUser} user
 * @property {DeviceSession[]} sessions
 * @property {UploadUsage} usage
 * @property {ExportedUpload[]} uploads
 * @property {SharedUpload[]} sharedWithOthers
 * @property {ReceivedUpload[]} sharedWithMe
 * @property {Product[]} products
 * @property {Order[]} orders
 * @property {Order[]} sales What others ordered.
 * @property {ExportedRight[]} library
 */

export {};
