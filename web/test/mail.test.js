import assert from "node:assert/strict";
import { test } from "node:test";
import { problem } from "./fake.js";
import { ADA, client, started } from "./helpers.js";

/**
 * @param {import("node:test").TestContext} t
 * @param {(call: import("./fake.js").Call) => import("./fake.js").Reply} answer
 */
async function answering(t, answer) {
  const fake = await started(t);
  /** @type {[string, any][]} */
  const sent = [];
  fake.api = (call) => {
    sent.push([`${call.method} ${call.path}`, call.json]);
    return answer(call);
  };
  return { cloakroom: client(fake), sent };
}

test("e-mail requests send their parameters unchanged", async (t) => {
  const { cloakroom, sent } = await answering(t, ({ path }) => ({ status: path === "/password/forgot" ? 202 : 204 }));
  await cloakroom.forgotPassword("ada@example.com");
  await cloakroom.resetPassword("token", "difference engine");
  await cloakroom.verifyEmail("token");
  await cloakroom.verifyEmail("token", "difference engine");
  assert.deepEqual(sent, [
    ["POST /password/forgot", { email: "ada@example.com" }],
    ["POST /password/reset", { token: "token", newPassword: "difference engine" }],
    ["POST /verify-email", { token: "token" }],
    ["POST /verify-email", { token: "token", password: "difference engine" }],
  ]);
});

test("a sign-up that must be finished by e-mail returns no user", async (t) => {
  const { cloakroom } = await answering(t, () => ({ status: 202, body: { status: "verification_pending" } }));
  assert.equal(await cloakroom.signUp(ADA), null);
});

test("requesting a link is retried, using one is not", async (t) => {
  const { cloakroom, sent } = await answering(t, () => problem(503, "unavailable", "Try again later."));
  await assert.rejects(cloakroom.forgotPassword("ada@example.com"), { status: 503 });
  assert.ok(sent.length > 1);
  sent.length = 0;
  await assert.rejects(cloakroom.resetPassword("token", "difference engine"), { status: 503 });
  await assert.rejects(cloakroom.verifyEmail("token"), { status: 503 });
  assert.equal(sent.length, 2);
});
