import assert from "node:assert/strict";
import { test } from "node:test";
import { problem } from "./fake.js";
import { signedIn } from "./helpers.js";

const ORDER = { id: "o1", status: "pending" };

/**
 * A client and the requests that it sends. The first one fails with 503.
 * @param {import("node:test").TestContext} t
 * @param {{ status: number, body?: unknown }} reply The response to the others.
 */
async function afterFailure(t, reply) {
  const { fake, cloakroom } = await signedIn(t);
  /** @type {import("./fake.js").Call[]} */
  const sent = [];
  fake.api = (call) => (sent.push(call) === 1 ? problem(503, "unavailable", "Try again.") : reply);
  return { cloakroom, sent };
}

test("an order is retried with the same key", async (t) => {
  const { cloakroom, sent } = await afterFailure(t, { status: 201, body: { order: ORDER, checkout: { url: "u", expiresAt: "t" } } });
  assert.deepEqual(await cloakroom.orders.create("p1"), { order: ORDER, checkout: { url: "u", expiresAt: "t" } });
  const keys = sent.map((call) => call.headers["idempotency-key"]);
  assert.equal(keys.length, 2);
  assert.ok(keys[0] && keys[0] === keys[1]);
});

test("an order with nothing to pay has no checkout", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.api = () => ({ status: 201, body: { order: ORDER } });
  assert.equal((await cloakroom.orders.create("p1")).checkout, null);
});

test("a refund is retried with the same key, and a second refund has another", async (t) => {
  const { cloakroom, sent } = await afterFailure(t, { status: 202, body: { order: ORDER } });
  await cloakroom.admin.refundOrder("o1", { amount: 100 });
  await cloakroom.admin.refundOrder("o1");
  const [failed, repeated, second] = sent.map((call) => call.headers["idempotency-key"]);
  assert.ok(failed && failed === repeated && second && second !== failed);
  assert.deepEqual(sent.map((call) => call.json), [{ amount: 100 }, { amount: 100 }, {}]);
});

test("the provider is asked about an order only with `refresh`", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  /** @type {URLSearchParams[]} */
  const queries = [];
  fake.api = ({ query }) => {
    queries.push(query);
    return { status: 200, body: { order: ORDER } };
  };
  await cloakroom.orders.get("o1");
  await cloakroom.orders.get("o1", { refresh: true });
  assert.deepEqual(queries.map(String), ["", "refresh=true"]);
});

test("a cancellation is retried", async (t) => {
  const { cloakroom, sent } = await afterFailure(t, { status: 200, body: { order: { ...ORDER, status: "cancelled" } } });
  assert.equal((await cloakroom.orders.cancel("o1")).status, "cancelled");
  assert.equal(sent.length, 2);
});
