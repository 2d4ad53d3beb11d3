/**
 * @typedef {{ pointer: string, code: string, detail: string }} FieldProblem
 *
 * @typedef {object} ErrorFields
 * @property {number} status
 * @property {string} code
 * @property {string} message
 * @property {FieldProblem[]} [errors]
 * @property {string | null} [requestId]
 * @property {number | null} [retryAfter]
 * @property {unknown} [cause]
 */
export type FieldProblem = {
    pointer: string;
    code: string;
    detail: string;
};
export type ErrorFields = {
    status: number;
    code: string;
    message: string;
    errors?: FieldProblem[];
    requestId?: string | null;
    retryAfter?: number | null;
    cause?: unknown;
};
/** An error of a call: a problem document (RFC 9457) from the API, or the reason why there was no response. */
export declare class CloakroomError extends Error {
    /** The HTTP status; 0 when there was no response. */
    status: number;
    /** A stable code for programs. Without a response: `network_error` or `timeout`. The README lists the client's codes. */
    code: string;
    /** The errors of the request's fields, with JSON Pointers into its body. */
    errors: FieldProblem[];
    /** The id of this request in the server's log. */
    requestId: string | null;
    /** Seconds to wait before retrying, if the server sent `Retry-After`. */
    retryAfter: number | null;
    /** How many times the request was sent. */
    attempts: number;
    /** @param {ErrorFields} fields */
    constructor({ status, code, message, errors, requestId, retryAfter, cause }: ErrorFields);
    /**
     * Returns the error of one field, or `null`.
     * @param {string} pointer For example "/email".
     */
    field(pointer: string): FieldProblem | null;
}
/** An error response of the file store. `reason` is its error code, for example "RequestTimeout". */
export declare class StorageError extends CloakroomError {
    reason: string;
    /**
     * @param {number} status
     * @param {string} body
     * @param {number | null} retryAfter
     */
    constructor(status: number, body: string, retryAfter: number | null);
}
/**
 * Converts an error response of the API to an error. A proxy may have sent it, so every field is optional.
 * @param {Response} response
 * @param {unknown} body
 */
export declare function problem(response: Response, body: unknown): CloakroomError;
/**
 * Parses `Retry-After` (RFC 9110, section 10.2.3), which is in seconds or a date, and returns seconds.
 * @param {string | null} value
 * @param {number} [now] Milliseconds since 1970.
 */
export declare function retryAfterSeconds(value: string | null, now?: number): number | null;
