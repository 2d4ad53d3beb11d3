/**
 * The types of the API and of the client. This file contains no code; other modules import the types in comments.
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
 * @typedef {{ user: User, etag: string | null }} VersionedUser
 *
 * @typedef {object} Tokens The tokens in the responses of sign-in and refresh.
 * @property {string} accessToken
 * @property {number} expiresIn Seconds.
 * @property {string} [refreshToken]
 *
 * @typedef {object} StoredUpload The record of a file.
 * @property {string} id
 * @property {string} filename
 * @property {string} contentType
 * @property {number} size Bytes.
 * @property {string | null} [sha256]
 * @property {"pending" | "stored" | "failed" | "deleted"} status
 * @property {string} createdAt
 * @property {string | null} [storedAt]
 * @property {{ url: string, expiresAt: string }} [download] A presigned URL of the file. Only `get` of a stored file returns it.
 *
 * @typedef {object} UploadVersion
 * @property {string} versionId
 * @property {number} size Bytes.
 * @property {string} storedAt
 * @property {boolean} isCurrent Whether this is the version that downloads return.
 *
 * @typedef {{ method: "PUT", url: string, headers: Record<string, string>, expiresAt: string }} SinglePut
 * @typedef {{ method: "MULTIPART", partSize: number, partCount: number, expiresAt: string }} Multipart
 * @typedef {{ upload: StoredUpload, transfer: SinglePut | Multipart }} CreateUploadResponse The response of `POST /uploads`.
 *
 * @typedef {{ partNumber: number, url: string, headers?: Record<string, string>, expiresAt: string }} SignedPart
 * @typedef {{ partNumber: number, size: number, etag: string }} StoredPart
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
 */

export {};
