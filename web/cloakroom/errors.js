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

/** Anything that went wrong: a problem document (RFC 9457) of the API, or what kept it from answering. */
export class CloakroomError extends Error {
  /** @param {ErrorFields} fields */
  constructor({ status, code, message, errors = [], requestId = null, retryAfter = null, cause }) {
    super(message, { cause });
    this.name = "CloakroomError";
    /** The HTTP status; 0 when there was no answer. */
    this.status = status;
    /** A stable word for programs. Without an answer: `network_error`, `timeout`; the client's own are in the README. */
    this.code = code;
    /** All that is wrong with what was sent, with JSON Pointers into it. */
    this.errors = errors;
    /** What the server's log calls this request. */
    this.requestId = requestId;
    /** Seconds that the server asks to wait. */
    this.retryAfter = retryAfter;
    /** How often the call was sent. */
    this.attempts = 1;
  }

  /**
   * What is wrong with one field, or `null`.
   * @param {string} pointer For example "/email".
   */
  field(pointer) {
    return this.errors.find((error) => error.pointer === pointer) ?? null;
  }
}

/** The file store refused something; `reason` is its own word for it, for example "RequestTimeout". */
export class StorageError extends CloakroomError {
  /**
   * @param {number} status
   * @param {string} body
   * @param {number | null} retryAfter
   */
  constructor(status, body, retryAfter) {
    // S3 answers XML. One element is of interest, and its content is a plain word.
    const reason = /<Code>(\w+)<\/Code>/.exec(body)?.[1] ?? "";
    super({
      status,
      code: "storage_error",
      message: `The file store answered ${status}${reason && ` (${reason})`}.`,
      retryAfter,
    });
    this.name = "StorageError";
    this.reason = reason;
  }
}

/**
 * The error that an answer of the API stands for. Something in between may have answered, so nothing is taken for granted.
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
    message: text("message") || text("detail") || text("title") || `The server answered ${response.status}.`,
    errors: Array.isArray(document.errors) ? document.errors : [],
    requestId: response.headers.get("x-request-id") || text("instance") || null,
    retryAfter: retryAfterSeconds(response.headers.get("retry-after")),
  });
}

/**
 * `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
 * @param {string | null} value
 * @param {number} [now] Milliseconds since 1970.
 */
export function retryAfterSeconds(value, now = Date.now()) {
  if (value === null || value.trim() === "") return null;
  if (/^\s*\d+\s*$/.test(value)) return Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - now) / 1000));
}
