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

/** An error of a call: a problem document (RFC 9457) from the API, or the reason why there was no response. */
export class CloakroomError extends Error {
  /** @param {ErrorFields} fields */
  constructor({ status, code, message, errors = [], requestId = null, retryAfter = null, cause }) {
    super(message, { cause });
    this.name = "CloakroomError";
    /** The HTTP status; 0 when there was no response. */
    this.status = status;
    /** A stable code for programs. Without a response: `network_error` or `timeout`. The README lists the client's codes. */
    this.code = code;
    /** The errors of the request's fields, with JSON Pointers into its body. */
    this.errors = errors;
    /** The id of this request in the server's log. */
    this.requestId = requestId;
    /** Seconds to wait before retrying, if the server sent `Retry-After`. */
    this.retryAfter = retryAfter;
    /** How many times the request was sent. */
    this.attempts = 1;
  }

  /**
   * Returns the error of one field, or `null`.
   * @param {string} pointer For example "/email".
   */
  field(pointer) {
    return this.errors.find((error) => error.pointer === pointer) ?? null;
  }
}

/** An error response of the file store. `reason` is its error code, for example "RequestTimeout". */
export class StorageError extends CloakroomError {
  /**
   * @param {number} status
   * @param {string} body
   * @param {number | null} retryAfter
   */
  constructor(status, body, retryAfter) {
    // S3 returns XML. Only the error code is needed, and it is a plain word.
    const reason = /<Code>(\w+)<\/Code>/.exec(body)?.[1] ?? "";
    super({
      status,
      code: "storage_error",
      message: `The file store rejected the upload with status ${status}${reason && ` (${reason})`}. Try the upload again.`,
      retryAfter,
    });
    this.name = "StorageError";
    this.reason = reason;
  }
}

/**
 * Converts an error response of the API to an error. A proxy may have sent it, so every field is optional.
 * @param {Response} response
 * @param {unknown} body
 */
export function problem(response, body) {
  const document = /** @type {Record<string, unknown>} */ (body && typeof body === "object" ? body : {});
  /** @param {string} name */
  const text = (name) => (typeof document[name] === "string" ? /** @type {string} */ (document[name]) : "");
  return new CloakroomError({
    status: response.status,
    code: text("code") || `http_${response.status}`,
    message: text("message") || text("detail") || text("title") || `The server returned status ${response.status}. Try again later.`,
    errors: Array.isArray(document.errors) ? document.errors : [],
    requestId: response.headers.get("x-request-id") || text("instance") || null,
    retryAfter: retryAfterSeconds(response.headers.get("retry-after")),
  });
}

/**
 * Parses `Retry-After` (RFC 9110, section 10.2.3), which is in seconds or a date, and returns seconds.
 * @param {string | null} value
 * @param {number} [now] Milliseconds since 1970.
 */
export function retryAfterSeconds(value, now = Date.now()) {
  if (value === null || value.trim() === "") return null;
  if (/^\s*\d+\s*$/.test(value)) return Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - now) / 1000));
}
