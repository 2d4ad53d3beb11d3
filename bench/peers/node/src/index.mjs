// `POST /signin` for the Node.js runtime of AWS Lambda: an e-mail address and a password for an access and a refresh token.
import { randomUUID } from "node:crypto";
import { domainToASCII } from "node:url";

import { loadKeys } from "./keys.mjs";
import { logRequest } from "./log.mjs";
import { verify } from "./password.mjs";
import { ok, problem } from "./responses.mjs";
import { startSession } from "./session.mjs";
import * as tables from "./tables.mjs";

const QUOTA = Number(process.env.REQUESTS_PER_ADDRESS);
const WINDOW_SECONDS = 60;

// At init, so that the first request finds keys and connections. It repeats what fails here.
await Promise.allSettled([loadKeys(), tables.warmUp()]);

/** Handles a request of API Gateway (payload format 2.0). */
export async function handler(event) {
  const startedAt = Date.now();
  const { requestContext } = event;
  const response = await limited(event, startedAt).catch((error) => {
    console.error(JSON.stringify({ message: "request_failed", error: error.message, id: requestContext.requestId }));
    const detail = "The service is temporarily unavailable. Try again in a moment.";
    return problem(503, "unavailable", detail, requestContext.requestId, { "retry-after": "2" });
  });
  response.headers["x-request-id"] = requestContext.requestId;
  logRequest(requestContext, response, startedAt);
  return response;
}

/** Counts the request of the address, and serves it unless there were too many in this minute. */
async function limited(event, startedAt) {
  const { http, requestId } = event.requestContext;
  const now = Math.floor(startedAt / 1000);
  const begins = now - (now % WINDOW_SECONDS);
  const count = await tables.countRequest(`signin#${http.sourceIp}#${begins}`, now + 2 * WINDOW_SECONDS);
  const seconds = begins + WINDOW_SECONDS - now;
  const detail = "Too many requests from this address. Try again after `Retry-After` seconds.";
  const response =
    count > QUOTA
      ? problem(429, "rate_limited", detail, requestId, { "retry-after": `${seconds}` })
      : await signIn(event, startedAt);
  response.headers["ratelimit-policy"] = `"signin";q=${QUOTA};w=${WINDOW_SECONDS}`;
  response.headers.ratelimit = `"signin";r=${Math.max(QUOTA - count, 0)};t=${seconds}`;
  return response;
}

async function signIn(event, now) {
  const { domainName, requestId } = event.requestContext;
  const request = parse(event);
  if (!request) {
    const detail = "The request is invalid. Send an `email` and a `password`.";
    return problem(422, "validation_failed", detail, requestId);
  }
  const keys = await loadKeys();
  const { credential, user } = await authenticate(request, now);
  if (!user) {
    const detail = "Invalid email or password. Check both, or try again in a few minutes.";
    return problem(401, "invalid_credentials", detail, requestId, { "www-authenticate": "Bearer" });
  }
  const tokens = await startSession(keys, credential, domainName);
  return ok({ ...tokens, user });
}

/** Verifies the password and reads the user at the same time, with the same requests for every refusal. */
async function authenticate({ email, password }, now) {
  const credential = await tables.findCredential(email);
  const owner = credential?.userId ?? randomUUID();
  const [matches, user] = await Promise.all([check(email, password, credential, owner, now), tables.findUser(owner)]);
  return matches ? { credential, user } : {};
}

/** Verifies the password, and counts a wrong one. The account must be active and not locked. */
async function check(email, password, credential, owner, now) {
  if (!credential || credential.lockedUntil > now) {
    await verify(password);
    await tables.recordDecoyAttempt(owner);
    return false;
  }
  const matches = (await verify(password, credential.hash)) && credential.isActive;
  if (!matches) {
    await tables.recordFailure(email, credential, now);
  } else if (credential.failures > 0) {
    await tables.clearFailures(email, credential);
  }
  return matches;
}

/** Parses the body. Returns nothing if it is not valid. */
function parse({ body, isBase64Encoded }) {
  try {
    const { email, password } = JSON.parse(isBase64Encoded ? Buffer.from(body, "base64") : body);
    const at = email.lastIndexOf("@");
    const domain = domainToASCII(email.slice(at + 1).trim());
    const local = email.slice(0, at).trim().normalize("NFC").toLowerCase();
    const isValid = at > 0 && domain && typeof password === "string" && password;
    return isValid ? { email: `${local}@${domain}`, password } : undefined;
  } catch {
    return undefined;
  }
}
