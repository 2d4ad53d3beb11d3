// A new session, its refresh token and its access token.
import { createHmac, randomBytes } from "node:crypto";

import jwt from "jsonwebtoken";

import { currentKey } from "./keys.mjs";
import { putSession } from "./tables.mjs";

const { AUDIENCE, ISSUER } = process.env;
const ACCESS_TOKEN_SECONDS = Number(process.env.ACCESS_TOKEN_SECONDS);
const SESSION_SECONDS = Number(process.env.REFRESH_TOKEN_DAYS) * 24 * 60 * 60;

/** Starts a session, and returns its tokens. */
export async function startSession(keys, { userId, roles, epoch }, domainName) {
  const now = Date.now();
  const seconds = Math.floor(now / 1000);
  const bytes = sessionId(now, userId);
  const id = uuid(bytes);
  const familyKey = randomBytes(32);
  await putSession({
    id,
    userPart: id.slice(-8),
    userId,
    familyKey,
    epoch,
    createdAt: new Date(now).toISOString(),
    expiresAt: seconds + SESSION_SECONDS,
  });
  const key = currentKey(keys, seconds);
  const expiresIn = Math.min(ACCESS_TOKEN_SECONDS, SESSION_SECONDS);
  const claims = {
    iss: ISSUER ?? `https://${domainName}`,
    sub: userId,
    aud: AUDIENCE,
    iat: seconds,
    nbf: seconds,
    exp: seconds + expiresIn,
    jti: randomBytes(16).toString("base64url"),
    sid: id,
    roles,
  };
  const header = { alg: key.alg, typ: "at+jwt", kid: key.kid };
  return {
    accessToken: jwt.sign(claims, key.secret, { algorithm: key.alg, header }),
    tokenType: "Bearer",
    expiresIn,
    refreshToken: refreshToken(bytes, familyKey),
  };
}

/** A UUIDv7 (RFC 9562) that ends as the user's id. */
function sessionId(now, userId) {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  bytes.write(userId.slice(-8), 12, "hex");
  return bytes;
}

function uuid(bytes) {
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The first refresh token: the session's id, the generation 0, and their HMAC (shared/auth/src/refresh.rs). */
function refreshToken(id, familyKey) {
  const generation = Buffer.alloc(4);
  const tag = createHmac("sha256", familyKey).update(generation).digest();
  return Buffer.concat([id, generation, tag]).toString("base64url");
}
