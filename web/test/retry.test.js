import assert from "node:assert/strict";
import { test } from "node:test";
import { CloakroomError, StorageError, retryAfterSeconds } from "../cloakroom/errors.js";
import { DEFAULT_POLICY, backoff, isTransient, retrying } from "../cloakroom/retry.js";
import { QUICK } from "./helpers.js";

const policy = { ...DEFAULT_POLICY, ...QUICK, attempts: 3 };

/** @param {number} status @param {string} [code] @param {number | null} [retryAfter] */
const failure = (status, code = "x", retryAfter = null) => new CloakroomError({ status, code, message: "no", retryAfter });

test("waits are between zero and a ceiling that doubles up to its maximum", () => {
  const ceilings = [1, 2, 3, 4, 10].map((attempt) => backoff(attempt, null, DEFAULT_POLICY, () => 1));
  assert.deepEqual(ceilings, [400, 800, 1600, 3200, 20_000]);
  assert.equal(backoff(5, null, DEFAULT_POLICY, () => 0), 0);
});

test("Retry-After is the minimum wait", () => {
  assert.equal(backoff(1, 3, DEFAULT_POLICY, () => 0), 3000);
  assert.equal(backoff(1, 3, DEFAULT_POLICY, () => 1), 3400);
});

test("Retry-After is parsed as seconds and as a date", () => {
  assert.equal(retryAfterSeconds("7"), 7);
  assert.equal(retryAfterSeconds("Thu, 01 Jan 1970 00:01:00 GMT", 30_000), 30);
  assert.equal(retryAfterSeconds("Thu, 01 Jan 1970 00:01:00 GMT", 90_000), 0);
  assert.equal(retryAfterSeconds("soon"), null);
  assert.equal(retryAfterSeconds(null), null);
});

test("only transient errors are retried", () => {
  for (const status of [0, 408, 429, 500, 502, 503, 504]) assert.ok(isTransient(failure(status)), String(status));
  for (const status of [400, 401, 403, 404, 409, 412, 422]) assert.ok(!isTransient(failure(status)), String(status));
  assert.ok(isTransient(failure(409, "request_in_progress")));
  assert.ok(isTransient(new StorageError(400, "<Error><Code>RequestTimeout</Code></Error>", null)));
  assert.ok(isTransient(new StorageError(409, "<Error><Code>ConditionalRequestConflict</Code></Error>", null)));
  assert.ok(!isTransient(new StorageError(412, "<Error><Code>PreconditionFailed</Code></Error>", null)));
  assert.ok(!isTransient(new StorageError(400, "<Error><Code>EntityTooLarge</Code></Error>", null)));
  assert.ok(!isTransient(new TypeError("a bug")));
});

test("the number of attempts is limited", async () => {
  let calls = 0;
  const error = await retrying(async () => (calls++, Promise.reject(failure(503))), { policy }).catch((e) => e);
  assert.equal(calls, 3);
  assert.equal(error.attempts, 3);
});

test("a Retry-After above the maximum is not retried", async () => {
  let calls = 0;
  await assert.rejects(retrying(async () => (calls++, Promise.reject(failure(429, "slow", 3600))), { policy }));
  assert.equal(calls, 1);
});

test("aborting ends a wait immediately", async () => {
  const controller = new AbortController();
  const waiting = retrying(
    async () => {
      queueMicrotask(() => controller.abort(new Error("enough")));
      throw failure(503, "x", 50);
    },
    { policy, signal: controller.signal },
  );
  await assert.rejects(waiting, /enough/);
});
