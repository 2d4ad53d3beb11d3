import assert from "node:assert/strict";
import { test } from "node:test";
import { problem } from "./fake.js";
import { signedIn } from "./helpers.js";

/** @import { Cloakroom } from "../cloakroom.js" */

/** @type {Record<string, (client: Cloakroom) => Promise<unknown>>} */
const SENT_ONCE = {
  "a rotation": (client) => client.webhooks.rotateSecret("w1"),
  "a test event": (client) => client.webhooks.test("w1"),
  "a redelivery": (client) => client.webhooks.redeliver("w1", { deliveryId: "evt_1" }),
};

for (const [name, call] of Object.entries(SENT_ONCE)) {
  test(`${name} is not retried`, async (t) => {
    const { fake, cloakroom } = await signedIn(t);
    fake.api = () => problem(503, "unavailable", "Try again.");
    await assert.rejects(call(cloakroom), { code: "unavailable" });
    assert.equal(fake.calls.length, 1);
  });
}

test("the secret of a new endpoint is not lost with a response", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  /** @type {unknown[]} */
  const keys = [];
  fake.api = ({ headers }) => {
    keys.push(headers["idempotency-key"]);
    if (keys.length === 1) return problem(503, "unavailable", "Try again.");
    return { status: 201, body: { endpoint: { id: "w1" }, secret: "whsec_1" } };
  };
  assert.equal((await cloakroom.webhooks.create({ url: "https://hooks.example.com/cloakroom" })).secret, "whsec_1");
  assert.ok(keys.length === 2 && keys[0] && keys[0] === keys[1]);
});

test("a deletion whose response was lost succeeds", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.api = () => (fake.calls.length === 1 ? problem(503, "unavailable", "Try again.") : problem(404, "not_found", "Not found."));
  await cloakroom.webhooks.delete("w1");
  assert.equal(fake.calls.length, 2);
});

test("a deletion of an unknown endpoint fails", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.api = () => problem(404, "not_found", "Not found.");
  await assert.rejects(cloakroom.webhooks.delete("w1"), { status: 404 });
});

test("an update names the version that it is based on", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  /** @type {unknown[]} */
  const versions = [];
  fake.api = ({ headers }) => {
    versions.push(headers["if-match"]);
    return { status: 200, body: { endpoint: { id: "w1" } }, headers: { ETag: '"2"' } };
  };
  const { etag } = await cloakroom.webhooks.update("w1", { enabled: false }, { ifMatch: '"1"' });
  assert.deepEqual([versions, etag], [['"1"'], '"2"']);
});

test("a time is sent as in RFC 3339", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  /** @type {unknown[]} */
  const bodies = [];
  fake.api = ({ json }) => {
    bodies.push(json);
    return { status: 202, body: { count: 2, isComplete: true } };
  };
  await cloakroom.webhooks.redeliver("w1", { since: new Date(Date.UTC(2026, 0, 31, 12)) });
  assert.deepEqual(bodies, [{ since: "2026-01-31T12:00:00.000Z" }]);
});
