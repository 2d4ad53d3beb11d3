/**
 * What the API speaks, as types. Nothing here runs: the other modules name these in their comments only.
 *
 * @typedef {{ firstName?: string, lastName?: string, city?: string, age?: number }} Profile
 *
 * @typedef {object} User
 * @property {string} id
 * @property {string} [email] Only the person's own, unless the caller is an admin.
 * @property {string} name
 * @property {Profile} [profile] As `email`.
 * @property {string[]} roles
 * @property {string} createdAt RFC 3339, UTC.
 * @property {string} updatedAt
 *
 * @typedef {{ user: User, etag: string | null }} VersionedUser
 *
 * @typedef {object} Tokens What sign-in and refresh answer.
 * @property {string} accessToken
 * @property {number} expiresIn Seconds.
 * @property {string} [refreshToken]
 *
 * @typedef {object} StoredUpload A file's record.
 * @property {string} id
 * @property {string} filename
 * @property {string} contentType
 * @property {number} size Bytes.
 * @property {string | null} [sha256]
 * @property {"pending" | "stored" | "failed" | "deleted"} status
 * @property {string} createdAt
 * @property {string | null} [storedAt]
 * @property {{ url: string, expiresAt: string }} [download] Where the file is for a while; in `get` of a stored one.
 *
 * @typedef {object} UploadVersion
 * @property {string} versionId
 * @property {number} size Bytes.
 * @property {string} storedAt
 * @property {boolean} isCurrent Whether it is what a download gets.
 *
 * @typedef {{ method: "PUT", url: string, headers: Record<string, string>, expiresAt: string }} SinglePut
 * @typedef {{ method: "MULTIPART", partSize: number, partCount: number, expiresAt: string }} Multipart
 * @typedef {{ upload: StoredUpload, transfer: SinglePut | Multipart }} Ticket What `POST /uploads` answers.
 *
 * @typedef {{ partNumber: number, url: string, headers?: Record<string, string>, expiresAt: string }} SignedPart
 * @typedef {{ partNumber: number, size: number, etag: string }} StoredPart
 *
 * @typedef {object} Progress
 * @property {number} loaded Bytes.
 * @property {number} total Bytes.
 * @property {number} bytesPerSecond Over the last seconds; 0 while nothing is known.
 * @property {number | null} remainingSeconds `null` while nothing is known.
 *
 * @typedef {object} Unfinished An upload that a page began and did not finish.
 * @property {string} uploadId
 * @property {string} userId
 * @property {string} filename
 * @property {string} contentType
 * @property {number} size Bytes.
 * @property {number} lastModified Of the file, in milliseconds since 1970.
 * @property {string} fingerprint Of the file's content, see `fingerprint()`.
 * @property {number} partSize Bytes.
 * @property {number} partCount
 * @property {number} loaded Bytes that were there at last.
 * @property {string} startedAt
 *
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">} StorageLike
 *
 * @typedef {object} RetryPolicy
 * @property {number} attempts How often a call is tried in all.
 * @property {number} baseMilliseconds The first wait is at most this long; every further one at most twice as long.
 * @property {number} maxMilliseconds No wait of our own choice is longer.
 * @property {number} maxRetryAfterSeconds A server that asks for more patience than this gets none.
 */

export {};
