// Responses for API Gateway, with the headers of every response of the API.
import { STATUS_CODES } from "node:http";

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=63072000; includeSubDomains",
  "x-content-type-options": "nosniff",
};

/** A response with a JSON document. */
export function ok(body) {
  return { statusCode: 200, headers: { ...HEADERS, "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** An RFC 9457 problem response to the request of this id. */
export function problem(statusCode, code, detail, instance, headers = {}) {
  const title = STATUS_CODES[statusCode];
  const document = { type: "about:blank", title, status: statusCode, detail, instance, code, message: detail };
  return {
    statusCode,
    headers: { ...HEADERS, "content-type": "application/problem+json", ...headers },
    body: JSON.stringify(document),
  };
}
